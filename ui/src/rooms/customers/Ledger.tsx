import { Card, Flex, Tag, Timeline, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useNames, useReason } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { sendColour } from '@/shared/sends'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { StepTitle } from './StepTitle'

type Entry = components['schemas']['EntryBody']

/** Why / why not: every request for this person, what was decided, and on what grounds. */
export function Ledger({ id }: { id: number }) {
  const t = useSay()
  const list = usePortions(
    ['customer', id, 'ledger'],
    (after) =>
      data(
        api.GET('/api/outreach/customers/{customer_id}/ledger', {
          params: { path: { customer_id: id }, query: { after, limit: 50 } },
        }),
      ),
    5_000,
  )
  return (
    <>
      <Typography.Paragraph type="secondary">{t('customer.ledger_hint')}</Typography.Paragraph>
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) =>
          rows.length === 0 ? (
            <Nothing title={t('customer.ledger_none')} />
          ) : (
            <Flex vertical gap={12}>
              {rows.map((entry) => (
                <One key={entry.request_id} entry={entry} />
              ))}
              <More list={list} />
            </Flex>
          )
        }
      </Loaded>
    </>
  )
}

function One({ entry }: { entry: Entry }) {
  const t = useSay()
  const names = useNames()
  const reason = useReason()
  const what = entry.content_id === null ? (entry.text ?? '—') : names.content(entry.content_id)
  const end = [
    t(`send.state.${entry.state}`),
    entry.route ? t(`route.${entry.route}`) : null,
    entry.reason === 'now' || entry.reason === 'asked' ? null : reason(entry.reason),
    entry.detail && reason(entry.detail),
  ].filter(Boolean)
  return (
    <Card
      size="small"
      type="inner"
      styles={{ body: { paddingBottom: 0 } }}
      title={
        <Flex gap={8} wrap align="center">
          <Tag color={sendColour(entry.state)}>{t(`send.state.${entry.state}`)}</Tag>
          <span style={{ whiteSpace: 'normal' }}>{what}</span>
        </Flex>
      }
    >
      <Typography.Paragraph type="secondary" style={{ marginBottom: 12 }}>
        {entry.origin.kind === 'journey' ? (
          <>
            {names.journey(entry.origin.id)} ·{' '}
            <StepTitle journey={entry.origin.id} version={entry.origin.version} node={entry.origin.node} />
          </>
        ) : (
          t(`source.${entry.origin.kind}`, { defaultValue: entry.origin.kind })
        )}
      </Typography.Paragraph>
      <Timeline
        items={[
          { key: 'asked', color: 'gray', content: <Line at={entry.asked_at} text={t('customer.move_asked')} /> },
          ...entry.moves.map((move, index) => ({
            key: `${index}`,
            color: move.state === 'waiting' ? 'orange' : 'blue',
            content: <Line at={move.at} text={moved(move)} />,
          })),
          {
            key: 'end',
            color: sendColour(entry.state) === 'default' ? 'gray' : sendColour(entry.state),
            content: <Line at={entry.done_at ?? entry.decided_at ?? entry.due_at} text={end.join(' · ')} />,
          },
        ]}
      />
    </Card>
  )

  function moved(move: Entry['moves'][number]): string {
    const values = {
      route: move.route ? t(`route.${move.route}`) : '',
      reason: reason(move.reason),
      state: t(`send.state.${move.state}`),
      until: when(move.until),
    }
    if (move.state === 'gathered') return t('customer.move_gather', values)
    if (move.state === 'waiting' && move.until) return t('customer.move_later', values)
    if (move.state === 'waiting' && move.route) return t('customer.move_route', values)
    return t('customer.move_other', values)
  }
}

function Line({ at, text }: { at: string; text: string }) {
  return (
    <Flex gap={10} title={exactly(at)}>
      <Typography.Text type="secondary" style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>
        {when(at)}
      </Typography.Text>
      <span>{text}</span>
    </Flex>
  )
}
