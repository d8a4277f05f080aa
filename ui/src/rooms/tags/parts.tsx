import { LockOutlined } from '@ant-design/icons'
import { Link } from '@tanstack/react-router'
import { Flex, Tag as Mark, Tooltip, Typography } from 'antd'
import type { components } from '@/api/schema'
import { useNames } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'

export type Group = components['schemas']['GroupBody']
export type Tag = components['schemas']['TagBody']
export type Use = components['schemas']['UseBody']

/** How many carry a tag; leads to them. */
export function Carriers({ tag, worded }: { tag: Tag; worded?: boolean }) {
  const t = useSay()
  return (
    <Link
      to="/customers"
      search={{ tag: tag.tag_id }}
      aria-label={t('tags.carriers_of', { tag: tag.path, n: number(tag.customers) })}
    >
      {worded ? t('shared.people', { count: tag.customers }) : number(tag.customers)}
    </Link>
  )
}

/** Something that needs a tag or gives it; leads there. */
export function UseLink({ use }: { use: Use }) {
  const t = useSay()
  const text = t(`tags.use.${use.kind}`, { name: use.name, defaultValue: use.name })
  if (use.kind === 'segment')
    return (
      <Link to="/segments/$id" params={{ id: String(use.id) }}>
        {text}
      </Link>
    )
  if (use.kind === 'journey')
    return (
      <Link to="/journeys/$id" params={{ id: String(use.id) }}>
        {text}
      </Link>
    )
  if (use.kind === 'tag_rule')
    return (
      <Link to="/lifecycle" search={{ tab: 'tags' }}>
        {text}
      </Link>
    )
  return <>{text}</>
}

/** A tag by its path, which opens it, with what it is no more. */
export function TagName({ tag, show, short }: { tag: Tag; show: (tag_id: number) => void; short?: boolean }) {
  const t = useSay()
  return (
    <Flex wrap gap="2px 8px" align="center">
      <Typography.Link
        role="button"
        tabIndex={0}
        onClick={() => show(tag.tag_id)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === ' ') {
            event.preventDefault()
            show(tag.tag_id)
          }
        }}
      >
        {short ? tag.name : tag.path}
      </Typography.Link>
      {tag.merged_into !== null ? (
        <Mark style={{ margin: 0 }}>{t('tags.merged')}</Mark>
      ) : (
        tag.retired && <Mark style={{ margin: 0 }}>{t('tags.retired')}</Mark>
      )}
      {tag.read_only && (
        <Mark icon={<LockOutlined />} style={{ margin: 0 }}>
          {t('tags.read_only')}
        </Mark>
      )}
    </Flex>
  )
}

/** Why a platform could not be told, in words. */
export function useProblem(): (code: string) => string {
  const t = useSay()
  return (code) => {
    const [kind, number] = code.split(':')
    return t(`tags.problem.${kind}`, { code: number ?? '', defaultValue: code })
  }
}

/** The accounts that a group came from or is told to. */
export function GroupPlaces({ group }: { group: Group }) {
  const t = useSay()
  const names = useNames()
  return group.places.map((place) => {
    const account = names.account(place.account_id)
    if (place.rights === 'read')
      return (
        <Mark key={place.account_id} icon={<LockOutlined />}>
          {t('tags.only_there', { account })}
        </Mark>
      )
    if (place.outward)
      return (
        <Mark key={place.account_id} color="blue">
          {t(place.rights === 'all' ? 'tags.told_to' : 'tags.both_ways', { account })}
        </Mark>
      )
    return place.made && <Mark key={place.account_id}>{t('tags.comes_from', { account })}</Mark>
  })
}

/** What is not in step of a tag; nothing when all is. */
export function TagPlaces({ tag }: { tag: Tag }) {
  const t = useSay()
  const names = useNames()
  const problem = useProblem()
  return (
    <Flex wrap gap="2px 4px">
      {tag.places.map((place) => {
        const account = names.account(place.account_id)
        return (
          <span key={place.account_id}>
            {place.problem && (
              <Mark color="warning">{t('tags.not_there', { account, why: problem(place.problem) })}</Mark>
            )}
            {!place.made && !place.problem && <Mark color="processing">{t('tags.being_made', { account })}</Mark>}
            {place.waiting > 0 && (
              <Tooltip title={account}>
                <Mark color="processing">{t('tags.waiting', { n: number(place.waiting) })}</Mark>
              </Tooltip>
            )}
            {place.failed > 0 && (
              <Tooltip title={account}>
                <Mark color="warning">{t('tags.untold', { n: number(place.failed) })}</Mark>
              </Tooltip>
            )}
          </span>
        )
      })}
    </Flex>
  )
}
