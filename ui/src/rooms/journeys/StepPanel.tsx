import { useQuery } from '@tanstack/react-query'
import { Alert, Flex, Table, Tag, Typography } from 'antd'
import type { ReactNode } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useReason } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { sendColour } from '@/shared/sends'
import { Loaded } from '@/shared/states'
import { edgeWord, endingWord, type Look, lookWord, type Sends, titleOf } from './looks'
import { Followed } from './PeopleDrawer'
import { PeopleList } from './PeopleList'
import { type Step, StepIcon } from './StepNode'
import type { Wave } from './useWave'

/** What is known of one step: its sends by state and reason, where people went from it, who stands or ended there. */
export function StepPanel({ wave, step, look }: { wave: Wave; step: Step; look: (look: Look) => void }) {
  const t = useSay()
  const ended = Object.entries(step.ended)
  const onward = wave.edges.filter((edge) => edge.source === step.id && edge.target !== null)
  return (
    <Flex vertical gap={16}>
      <Flex gap={8} align="center">
        <StepIcon kind={step.kind} />
        <Typography.Text strong style={{ fontSize: 16 }}>
          {step.title || step.id}
        </Typography.Text>
        <Tag>{t(`kind.${step.kind}`, { defaultValue: step.kind })}</Tag>
      </Flex>
      {(step.kind === 'send' || step.kind === 'piece' || step.kind === 'webhook') && (
        <SendCounts wave={wave} step={step} look={look} />
      )}
      {onward.length > 0 && (
        <Ways title={t('wave.onward')}>
          {onward.map((edge) => (
            <Way
              key={`${edge.edge} ${edge.target}`}
              wave={wave}
              word={`${edgeWord(t, wave, step.id, edge.edge)} → ${titleOf(wave, edge.target ?? '')}`}
              count={edge.count}
              to={{ kind: 'edge', source: step.id, edge: edge.edge, target: edge.target ?? '' }}
              look={look}
            />
          ))}
        </Ways>
      )}
      {(ended.length > 0 || step.kind === 'exit') && (
        <Ways title={t('wave.ended_at')}>
          {ended.map(([reason, count]) => (
            <Way
              key={reason}
              wave={wave}
              word={endingWord(t, wave, reason)}
              count={count}
              to={{ kind: 'members', node: step.id, active: false, reason }}
              look={look}
            />
          ))}
          {ended.length === 0 && <Typography.Text type="secondary">{t('wave.nobody_ended')}</Typography.Text>}
        </Ways>
      )}
      {step.kind !== 'exit' && (
        <div>
          <Typography.Text strong>{t('wave.here', { count: step.here })}</Typography.Text>
          {step.here > 0 && (
            <PeopleList wave={wave} look={{ kind: 'members', node: step.id, active: true }} live={5_000} />
          )}
        </div>
      )}
    </Flex>
  )
}

function Ways({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Flex vertical gap={4}>
      <Typography.Text strong>{title}</Typography.Text>
      {children}
    </Flex>
  )
}

function Way({
  wave,
  word,
  count,
  to,
  look,
}: {
  wave: Wave
  word: string
  count: number
  to: Look
  look: (look: Look) => void
}) {
  const t = useSay()
  return (
    <Flex justify="space-between" gap={8}>
      <span>{word}</span>
      <Followed count={count} name={lookWord(t, wave, to, (code) => code)} follow={() => look(to)}>
        <span style={{ fontVariantNumeric: 'tabular-nums' }}>{number(count)}</span>
      </Followed>
    </Flex>
  )
}

function SendCounts({ wave, step, look }: { wave: Wave; step: Step; look: (look: Look) => void }) {
  const t = useSay()
  const reason = useReason()
  const may = useMay('outreach.read')
  const of = { kind: 'journey', id: wave.journey_id, node: step.id, version: wave.version }
  const query = useQuery({
    queryKey: ['steps', of, step.sends],
    refetchInterval: 10_000,
    enabled: may,
    placeholderData: (before) => before,
    queryFn: () => data(api.GET('/api/outreach/steps', { params: { query: of } })),
  })
  if (!may) return <Alert type="info" title={t('state.forbidden')} />
  const follow = (sends: Sends) => look({ kind: 'sends', sends })
  return (
    <Loaded query={query}>
      {(rows) => (
        <Table
          size="small"
          rowKey={(row) => `${row.route}:${row.state}:${row.reason}`}
          dataSource={rows}
          pagination={false}
          locale={{ emptyText: t('wave.no_sends') }}
          columns={[
            {
              title: t('send.state'),
              render: (_, row) => <Tag color={sendColour(row.state)}>{t(`send.state.${row.state}`)}</Tag>,
            },
            { title: t('send.route'), render: (_, row) => (row.route ? t(`route.${row.route}`) : '—') },
            { title: t('send.reason'), render: (_, row) => (row.reason === 'now' ? '—' : reason(row.reason)) },
            {
              title: t('send.people'),
              align: 'right',
              render: (_, row) => (
                <Followed count={row.requests} name={t(`send.state.${row.state}`)} follow={() => follow(row)}>
                  {number(row.requests)}
                </Followed>
              ),
            },
          ]}
        />
      )}
    </Loaded>
  )
}
