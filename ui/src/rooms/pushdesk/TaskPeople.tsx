import { Link } from '@tanstack/react-router'
import { Drawer, Flex, List, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { type DeskTask, type Fate, grounds, present } from './desk'
import { readable } from './told'

type Person = components['schemas']['TaskPersonBody']
type Words = (code: string) => string

const COLOURS: Partial<Record<Fate, string>> = {
  planned: 'blue',
  handing: 'gold',
  waiting: 'gold',
  received: 'green',
  failed: 'red',
  not_handed: 'red',
  expired: 'red',
  unknown: 'orange',
}
const PORTION = 50

/** The people of a send task: what became of each, why, and how it went on. */
export function TaskPeople({
  staff,
  task,
  of,
  close,
}: {
  staff: number | undefined
  task: string | undefined
  of: DeskTask | undefined
  close: () => void
}) {
  const t = useSay()
  const names = useNames()
  return (
    <Drawer
      open={task !== undefined}
      onClose={close}
      size="min(100vw, 520px)"
      destroyOnHidden
      title={of ? <Title text={readable(t, of, names.attribute)} /> : t('pushdesk.people_of')}
      styles={{ body: { padding: 16 } }}
    >
      {task !== undefined && <People key={task} staff={staff} task={task} />}
    </Drawer>
  )
}

function Title({ text }: { text: string }) {
  return (
    <Typography.Text strong ellipsis style={{ display: 'block', maxWidth: 'calc(min(100vw, 520px) - 72px)' }}>
      {text}
    </Typography.Text>
  )
}

function People({ staff, task }: { staff: number | undefined; task: string }) {
  const t = useSay()
  const { i18n } = useTranslation()
  const [fate, setFate] = useState<Fate>()
  const list = usePortions(['desk', staff ?? 'own', 'people', task, fate ?? 'all'], (after) =>
    data(
      api.GET('/api/outreach/desk/tasks/{key}/people', {
        params: { path: { key: task }, query: { staff_id: staff, fate, after, limit: PORTION } },
      }),
    ),
  )
  const pages = (list.data?.pages ?? []) as components['schemas']['TaskPeopleBody'][]
  const reasons = new Map<string, string>(
    pages.flatMap((page) => page.reasons.map((one) => [one.code, i18n.language === 'zh' ? one.zh : one.en] as const)),
  )
  const words = (code: string) => reasons.get(code) ?? code
  if (list.error instanceof ApiError && list.error.status === 404) return <Gone />
  return (
    <Loaded query={{ ...list, data: list.rows }}>
      {(people) => (
        <>
          <Fates counts={pages[0]?.counts ?? {}} chosen={fate} choose={setFate} />
          {people.length === 0 ? (
            fate === undefined ? (
              <Gone />
            ) : (
              <Nothing title={t('pushdesk.nobody')} />
            )
          ) : (
            <List
              size="small"
              dataSource={people}
              rowKey={(one) => `${one.customer_id} ${one.at} ${one.fate}`}
              renderItem={(one) => <Row one={one} words={words} />}
            />
          )}
          <More list={list} />
        </>
      )}
    </Loaded>
  )
}

function Gone() {
  const t = useSay()
  return (
    <Nothing title={t('pushdesk.task_gone')}>
      <Typography.Text type="secondary">{t('pushdesk.task_gone_hint')}</Typography.Text>
    </Nothing>
  )
}

function Fates({
  counts,
  chosen,
  choose,
}: {
  counts: Partial<Record<Fate, number>>
  chosen: Fate | undefined
  choose: (fate: Fate | undefined) => void
}) {
  const t = useSay()
  const found = present(counts)
  const all = found.reduce((sum, one) => sum + one.people, 0)
  if (all === 0) return null
  return (
    <Flex wrap gap={8} style={{ marginBottom: 8 }} role="group" aria-label={t('pushdesk.people_of')}>
      <Tag.CheckableTag checked={chosen === undefined} onChange={() => choose(undefined)}>
        {t('pushdesk.everybody', { count: number(all) })}
      </Tag.CheckableTag>
      {found.map(({ fate, people }) => (
        <Tag.CheckableTag key={fate} checked={chosen === fate} onChange={(on) => choose(on ? fate : undefined)}>
          {t(`pushdesk.fate.${fate}`)} {number(people)}
        </Tag.CheckableTag>
      ))}
    </Flex>
  )
}

function Row({ one, words }: { one: Person; words: Words }) {
  const t = useSay()
  const said = [...grounds(one).map(words), ...(one.onward ? [t('pushdesk.onward', { said: onward(one.onward) })] : [])]
  return (
    <List.Item style={{ paddingInline: 0 }}>
      <Flex justify="space-between" gap={12} style={{ width: '100%' }}>
        <div style={{ minWidth: 0 }}>
          {one.known ? (
            <Link to="/customers/$id" params={{ id: String(one.customer_id) }}>
              {one.name || t('customer.nameless', { id: one.customer_id })}
            </Link>
          ) : (
            <Typography.Text type="secondary">{t('pushdesk.erased')}</Typography.Text>
          )}
          {said.map((line) => (
            <Typography.Text key={line} type="secondary" style={{ display: 'block', overflowWrap: 'anywhere' }}>
              {line}
            </Typography.Text>
          ))}
        </div>
        <Flex vertical align="end" gap={2}>
          <Tag color={COLOURS[one.fate] ?? 'default'} style={{ margin: 0 }}>
            {t(`pushdesk.fate.${one.fate}`)}
          </Tag>
          <Typography.Text
            type="secondary"
            title={exactly(one.at)}
            style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums', fontSize: 12 }}
          >
            {when(one.at)}
          </Typography.Text>
        </Flex>
      </Flex>
    </List.Item>
  )

  function onward(then: NonNullable<Person['onward']>): string {
    if (then.route === null) return t('pushdesk.onward_undecided')
    const state = [
      t(`send.state.${then.state}`),
      ...(['now', 'planned', 'handed', 'asked'].includes(then.reason) ? [] : [words(then.reason)]),
    ].join('，')
    if (one.fate === 'moved') return t('pushdesk.onward_again', { state })
    return t('pushdesk.onward_route', { route: t(`route.${then.route}`), state })
  }
}
