import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Card, Flex, Tag, Timeline, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useNames, useReason } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { sendColour } from '@/shared/sends'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { endingWord } from './events'
import { useStepTitles } from './StepTitle'

type History = components['schemas']['HistoryBody']

/** What a person lives through: the steps taken, what was sent at each, and where the person stands. */
export function CustomerJourneys({ id }: { id: number }) {
  const t = useSay()
  const query = useQuery({
    queryKey: ['customer', id, 'journeys'],
    refetchInterval: 5_000,
    queryFn: () => data(api.GET('/api/journeys/customers/{customer_id}', { params: { path: { customer_id: id } } })),
  })
  return (
    <Loaded query={query}>
      {(list) =>
        list.length === 0 ? (
          <Nothing title={t('customer.journeys_none')} />
        ) : (
          <Flex vertical gap={12}>
            {list.map((one) => (
              <Lived key={one.enrolment.enrolment_id} history={one} />
            ))}
          </Flex>
        )
      }
    </Loaded>
  )
}

function Lived({ history: { enrolment, steps, goals, sends } }: { history: History }) {
  const t = useSay()
  const names = useNames()
  const reason = useReason()
  const title = useStepTitles(enrolment.journey_id, enrolment.version)
  const last = steps.length - 1
  const ended = enrolment.ended_at !== null
  const edge = (name: string) =>
    name.startsWith('move:') && name !== 'move:by_hand'
      ? t('edge.move', { reason: names.rule(enrolment.journey_id, name) })
      : t(`edge.${name}`, { defaultValue: name })
  return (
    <Card
      size="small"
      type="inner"
      styles={{ body: { paddingBottom: 0 } }}
      title={
        <Flex gap={8} wrap align="center">
          <Link to="/journeys/$id" params={{ id: String(enrolment.journey_id) }}>
            {names.journey(enrolment.journey_id)}
          </Link>
          <Tag color={ended ? 'default' : 'green'}>
            {ended ? endingWord(enrolment.journey_id, enrolment.reason ?? '', names, t) : t('wave.active')}
          </Tag>
          {Object.entries(goals).map(([name, at]) => (
            <Tag key={name} color="gold" title={exactly(at)}>
              {t('customer.goal', { name: names.rule(enrolment.journey_id, `goal:${name}`) })}
            </Tag>
          ))}
        </Flex>
      }
    >
      <Timeline
        items={steps.map((step, index) => {
          const send = sends.find((one) => one.node === step.node && one.key.endsWith(`:${step.visit}`))
          return {
            key: step.visit,
            color: index === last && !ended ? 'orange' : 'green',
            content: (
              <div title={exactly(step.at)}>
                <Flex gap={8} wrap align="center">
                  <Typography.Text type="secondary" style={{ fontVariantNumeric: 'tabular-nums' }}>
                    {when(step.at)}
                  </Typography.Text>
                  <Tag>{edge(step.edge)}</Tag>
                  <b>{title(step.node)}</b>
                </Flex>
                {send && (
                  <div>
                    <Tag color={sendColour(send.state)}>{t(`send.state.${send.state}`)}</Tag>
                    {send.route && t(`route.${send.route}`)}
                    {send.reason !== 'now' && ` ${reason(send.reason)}`}
                  </div>
                )}
                {index === last && !ended && enrolment.due_at && (
                  <Typography.Text type="secondary">
                    {t(enrolment.waiting === 'event' ? 'customer.waits_event' : 'customer.waits_time', {
                      at: when(enrolment.due_at),
                    })}
                  </Typography.Text>
                )}
              </div>
            ),
          }
        })}
      />
    </Card>
  )
}
