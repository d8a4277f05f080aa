import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Card, Flex, Select, Typography } from 'antd'
import { type ReactNode, useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { MergeDialog } from './MergeDialog'
import { Carriers, type Group, type Tag, TagName } from './parts'

const DAYS = [30, 90, 180, 365]

/** What of the taxonomy wants tidying, each with what can be done about it. */
export function Hygiene({ groups, show }: { groups: Group[]; show: (tag_id: number) => void }) {
  const t = useSay()
  const mayWrite = useMay('tags.write')
  const [days, setDays] = useState(90)
  const [merging, setMerging] = useState<{ tag: Tag; into: Tag } | null>(null)
  const found = useQuery({
    queryKey: ['tags', 'hygiene', days],
    placeholderData: (before) => before,
    queryFn: () => data(api.GET('/api/tags/hygiene', { params: { query: { days } } })),
  })
  const tags = new Map(groups.flatMap((group) => group.tags.map((tag) => [tag.tag_id, tag])))
  const those = (ids: number[]) => ids.map((id) => tags.get(id)).filter((tag) => tag !== undefined)
  return (
    <>
      <Loaded query={found}>
        {(tidy) => (
          <Flex vertical gap={12}>
            <Part
              title={t('tags.overlapping')}
              count={tidy.overlapping.length}
              hint={t(tidy.sampled ? 'tags.overlapping_sampled' : 'tags.overlapping_hint', { n: number(tidy.people) })}
            >
              {tidy.overlapping.map((pair) => {
                const one = tags.get(pair.tag_id)
                const other = tags.get(pair.other_id)
                if (!one || !other) return null
                const [small, large] = one.customers <= other.customers ? [one, other] : [other, one]
                return (
                  <Row
                    key={`${pair.tag_id}-${pair.other_id}`}
                    name={`${small.path}${t('shared.comma')}${large.path}`}
                    act={
                      mayWrite && (
                        <Button size="small" onClick={() => setMerging({ tag: small, into: large })}>
                          {t('tags.merge')}
                        </Button>
                      )
                    }
                  >
                    <TagName tag={small} show={show} />
                    <Carriers tag={small} worded />
                    <TagName tag={large} show={show} />
                    <Carriers tag={large} worded />
                    <Typography.Text type="secondary">
                      {t('tags.share', { share: `${Math.floor(pair.share * 100)}%`, n: number(pair.both) })}
                    </Typography.Text>
                  </Row>
                )
              })}
            </Part>
            <Part title={t('tags.unused')} count={tidy.unused.length} hint={t('tags.unused_hint')}>
              {those(tidy.unused).map((tag) => (
                <Row key={tag.tag_id} name={tag.path} act={mayWrite && <Retire tag={tag} />}>
                  <TagName tag={tag} show={show} />
                  <Typography.Text type="secondary">{t('tags.created', { at: when(tag.created_at) })}</Typography.Text>
                </Row>
              ))}
            </Part>
            <Part title={t('tags.unexplained')} count={tidy.unexplained.length} hint={t('tags.unexplained_hint')}>
              {those(tidy.unexplained).map((tag) => (
                <Row
                  key={tag.tag_id}
                  name={tag.path}
                  act={
                    mayWrite && (
                      <Button size="small" onClick={() => show(tag.tag_id)}>
                        {t('tags.explain')}
                      </Button>
                    )
                  }
                >
                  <TagName tag={tag} show={show} />
                  <Carriers tag={tag} worded />
                </Row>
              ))}
            </Part>
            <Part
              title={t('tags.stale')}
              count={tidy.stale.length}
              hint={t('tags.stale_hint', { days: number(tidy.days) })}
              extra={
                <Select
                  aria-label={t('tags.stale_days')}
                  value={days}
                  onChange={setDays}
                  options={DAYS.map((value) => ({ value, label: t('tags.days', { n: number(value) }) }))}
                  style={{ width: 110 }}
                />
              }
            >
              {those(tidy.stale).map((tag) => (
                <Row key={tag.tag_id} name={tag.path} act={mayWrite && <Retire tag={tag} />}>
                  <TagName tag={tag} show={show} />
                  <Carriers tag={tag} worded />
                  <Typography.Text type="secondary">
                    {tag.last_given_at ? t('tags.given_last', { at: when(tag.last_given_at) }) : t('tags.never_given')}
                  </Typography.Text>
                </Row>
              ))}
            </Part>
          </Flex>
        )}
      </Loaded>
      {merging && (
        <MergeDialog tag={merging.tag} suggested={merging.into} groups={groups} close={() => setMerging(null)} />
      )}
    </>
  )
}

function Part({
  title,
  count,
  hint,
  extra,
  children,
}: {
  title: string
  count: number
  hint: string
  extra?: ReactNode
  children: ReactNode
}) {
  const t = useSay()
  return (
    <Card size="small" title={`${title} ${number(count)}`} extra={extra}>
      <Typography.Paragraph type="secondary" style={{ marginBottom: count ? 8 : 0 }}>
        {count ? hint : t('tags.tidy')}
      </Typography.Paragraph>
      {children}
    </Card>
  )
}

function Row({ name, act, children }: { name: string; act: ReactNode; children: ReactNode }) {
  return (
    <Flex
      role="group"
      aria-label={name}
      wrap
      gap="4px 12px"
      align="center"
      justify="space-between"
      style={{ padding: '6px 0', borderTop: '1px solid var(--siyu-line)' }}
    >
      <Flex wrap gap="2px 12px" align="center">
        {children}
      </Flex>
      {act}
    </Flex>
  )
}

function Retire({ tag }: { tag: Tag }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const retiring = useMutation({
    mutationFn: () =>
      data(api.PATCH('/api/tags/{tag_id}', { params: { path: { tag_id: tag.tag_id } }, body: { retired: true } })),
    onSuccess: async () => {
      tell.done(t('tags.was_retired'))
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: tell.failed,
  })
  return (
    <Button
      size="small"
      loading={retiring.isPending}
      aria-label={t('tags.retire_one', { tag: tag.path })}
      onClick={() => retiring.mutate()}
    >
      {t('tags.retire')}
    </Button>
  )
}
