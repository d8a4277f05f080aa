import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Alert, Flex, List, Table, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useReason } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { sendColour } from '@/shared/sends'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { type Step, StepIcon } from './StepNode'

/** What is known of one step: its sends by state and reason, and who stands there. */
export function StepPanel({ journey, version, step }: { journey: number; version: number; step: Step }) {
  const t = useSay()
  return (
    <Flex vertical gap={16}>
      <Flex gap={8} align="center">
        <StepIcon kind={step.kind} />
        <Typography.Text strong style={{ fontSize: 16 }}>
          {step.title || step.id}
        </Typography.Text>
        <Tag>{t(`kind.${step.kind}`, { defaultValue: step.kind })}</Tag>
      </Flex>
      {step.kind === 'send' && <Sends journey={journey} version={version} step={step} />}
      <Typography.Text strong>{t('wave.here', { count: step.here })}</Typography.Text>
      <People journey={journey} step={step} />
    </Flex>
  )
}

function Sends({ journey, version, step }: { journey: number; version: number; step: Step }) {
  const t = useSay()
  const reason = useReason()
  const may = useMay('outreach.read')
  const query = useQuery({
    queryKey: ['steps', journey, version, step.id, step.sends],
    enabled: may,
    placeholderData: (before) => before,
    queryFn: () =>
      data(
        api.GET('/api/outreach/steps', { params: { query: { kind: 'journey', id: journey, node: step.id, version } } }),
      ),
  })
  if (!may) return <Alert type="info" title={t('state.forbidden')} />
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
            { title: t('send.people'), align: 'right', dataIndex: 'requests' },
          ]}
        />
      )}
    </Loaded>
  )
}

function People({ journey, step }: { journey: number; step: Step }) {
  const t = useSay()
  const list = usePortions(
    ['enrolments', journey, step.id, step.kind === 'exit' ? 'ended' : 'active'],
    (cursor) =>
      data(
        api.GET('/api/journeys/{journey_id}/enrolments', {
          params: {
            path: { journey_id: journey },
            query: { node: step.id, active: step.kind !== 'exit', cursor, limit: 20 },
          },
        }),
      ),
    5_000,
  )
  return (
    <Loaded query={{ ...list, data: list.rows }}>
      {(rows) =>
        rows.length === 0 ? (
          <Nothing title={t('wave.nobody')} />
        ) : (
          <>
            <List
              size="small"
              dataSource={rows}
              renderItem={(one) => (
                <List.Item
                  extra={
                    <Typography.Text type="secondary">
                      {one.ended_at
                        ? when(one.ended_at)
                        : one.due_at
                          ? t(one.waiting === 'event' ? 'wave.until' : 'wave.due', { at: when(one.due_at) })
                          : ''}
                    </Typography.Text>
                  }
                >
                  <Link to="/customers/$id" params={{ id: String(one.customer_id) }}>
                    {one.name || t('customer.numbered', { id: one.customer_id })}
                  </Link>
                </List.Item>
              )}
            />
            <More list={list} />
          </>
        )
      }
    </Loaded>
  )
}
