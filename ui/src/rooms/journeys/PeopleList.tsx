import { Link } from '@tanstack/react-router'
import { Alert, Button, Flex, List, Typography } from 'antd'
import { useEffect, useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { More, type Portion, usePortions } from '@/shared/More'
import { type Say, useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { counted, endingWord, type Look, titleOf } from './looks'
import type { Moving } from './MoveDialog'
import type { Wave } from './useWave'

const PORTION = 20

interface Somebody {
  key: string
  customer: number
  name: string | null
  at: string | null
  said: string
  /** The stage in which they stand now. */
  stage: string | null
}

/** Who stands behind a count, with when and why. It stands still while somebody reads, and says when more came. */
export function PeopleList({
  wave,
  look,
  live = 0,
  move = null,
}: {
  wave: Wave
  look: Look
  live?: number
  move?: ((moving: Moving) => void) | null
}) {
  const t = useSay()
  const count = counted(wave, look)
  const [read, setRead] = useState(count)
  const list = usePortions(
    ['people', wave.journey_id, wave.version, look],
    (cursor) => portion(t, wave, look, cursor),
    live,
  )
  const { rows, hasNextPage, isFetching, fetchNextPage } = list
  // A page of a rare edge may be short, even empty, while there is more.
  const short = rows !== undefined && rows.length < Math.min(PORTION, count)
  useEffect(() => {
    if (short && hasNextPage && !isFetching) void fetchNextPage()
  }, [short, hasNextPage, isFetching, fetchNextPage])
  return (
    <Loaded query={{ ...list, data: rows }}>
      {(people) => (
        <>
          {live === 0 && (hasNextPage ? read !== count : people.length !== count) && (
            <Alert
              type="info"
              title={t('look.changed', { count })}
              action={
                <Button
                  size="small"
                  loading={isFetching}
                  onClick={() => {
                    setRead(count)
                    void list.refetch()
                  }}
                >
                  {t('look.refresh')}
                </Button>
              }
            />
          )}
          {people.length === 0 && !hasNextPage ? (
            <Nothing title={t('look.nobody')} />
          ) : (
            <List
              size="small"
              loading={short && hasNextPage}
              dataSource={people}
              rowKey="key"
              renderItem={(one) => <Row one={one} move={move} />}
            />
          )}
          {!short && <More list={list} />}
        </>
      )}
    </Loaded>
  )
}

function Row({ one, move }: { one: Somebody; move: ((moving: Moving) => void) | null }) {
  const t = useSay()
  const { customer, stage } = one
  const name = one.name || t('customer.nameless', { id: customer })
  return (
    <List.Item style={{ paddingInline: 0 }}>
      <Flex justify="space-between" gap={12} style={{ width: '100%' }}>
        <div style={{ minWidth: 0 }}>
          <Link to="/customers/$id" params={{ id: String(one.customer) }}>
            {name}
          </Link>
          {one.said && (
            <Typography.Text type="secondary" style={{ display: 'block' }}>
              {one.said}
            </Typography.Text>
          )}
        </div>
        <Typography.Text
          type="secondary"
          title={exactly(one.at)}
          style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}
        >
          {when(one.at)}
          {move && stage !== null && (
            <Button
              size="small"
              type="link"
              aria-label={t('move.ask', { name })}
              onClick={() => move({ person: { customer, name, stage }, to: null })}
            >
              {t('move.short')}
            </Button>
          )}
        </Typography.Text>
      </Flex>
    </List.Item>
  )
}

async function portion(t: Say, wave: Wave, look: Look, cursor: string | undefined): Promise<Portion<Somebody>> {
  const path = { journey_id: wave.journey_id }
  const page = { version: wave.version, cursor, limit: PORTION }
  if (look.kind === 'edge') {
    const query = { ...page, source: look.source ?? undefined, edge: look.edge, target: look.target }
    return passed(await data(api.GET('/api/journeys/{journey_id}/passages', { params: { path, query } })))
  }
  if (look.kind === 'goal') {
    const params = { path: { ...path, goal: look.name }, query: page }
    return passed(await data(api.GET('/api/journeys/{journey_id}/goals/{goal}', { params })))
  }
  if (look.kind === 'sends') {
    const { node, state, reason, route } = look.sends
    const of = { kind: 'journey', id: wave.journey_id, version: wave.version, node, state, reason }
    const query = { ...of, route: route ?? undefined, after: cursor, limit: PORTION }
    const found = await data(api.GET('/api/outreach/steps/requests', { params: { query } }))
    return { ...found, items: found.items.map((one) => sent(t, state, one)) }
  }
  const { node, stage, active, reason } = look
  const query = { ...page, node, stage, active, reason }
  const found = await data(api.GET('/api/journeys/{journey_id}/enrolments', { params: { path, query } }))
  return { ...found, items: found.items.map((one) => member(t, wave, look, one)) }
}

function passed(found: components['schemas']['PassagePage']): Portion<Somebody> {
  const items = found.items.map((one) => ({
    key: `${one.enrolment_id} ${one.at}`,
    customer: one.customer_id,
    name: one.name,
    at: one.at,
    said: '',
    stage: null,
  }))
  return { items, next: found.next }
}

function sent(t: Say, state: string, one: components['schemas']['StepSendBody']): Somebody {
  const until = one.until && t(state === 'gathered' ? 'look.goes_by' : 'look.again', { at: when(one.until) })
  return {
    key: String(one.request_id),
    customer: one.customer_id,
    name: one.name,
    at: one.at ?? one.asked_at,
    said: [until, one.detail].filter(Boolean).join(' · '),
    stage: null,
  }
}

function member(
  t: Say,
  wave: Wave,
  look: Look & { kind: 'members' },
  one: components['schemas']['NamedEnrolment'],
): Somebody {
  const step = titleOf(wave, one.node)
  const ended = one.reason && endingWord(t, wave, one.reason)
  const due = one.due_at && t(one.waiting === 'event' ? 'wave.until' : 'wave.due', { at: when(one.due_at) })
  const entered = look.node === undefined && look.active !== false && look.reason === undefined
  const place = !ended ? t('look.here', { step }) : ended === step ? ended : t('look.ended_at', { step, reason: ended })
  return {
    key: String(one.enrolment_id),
    customer: one.customer_id,
    name: one.name,
    at: entered ? one.entered_at : (one.ended_at ?? one.node_at),
    stage: one.ended_at === null ? one.stage : null,
    said: (look.node === undefined ? [place, due] : [ended && look.reason === undefined ? ended : '', due])
      .filter(Boolean)
      .join(' · '),
  }
}
