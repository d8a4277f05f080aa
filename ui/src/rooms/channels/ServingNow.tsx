import { useQuery } from '@tanstack/react-query'
import { Alert, Card, Flex, Table, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useNames } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { when } from '@/shared/when'
import { type Channel, type Rotation, type Serving, turns } from './model'

type Verdict = Serving['members'][number]
const COLORS: Record<Verdict['state'], string> = {
  serving: 'green',
  ready: 'blue',
  paused: 'default',
  absent: 'red',
  off_hours: 'default',
  full: 'orange',
}

/** Who gets the next customer of a saved channel, and why. */
export function ServingNow({ channel }: { channel: Channel }) {
  const t = useSay()
  const names = useNames()
  const behind = channel.code.staff_id
  return (
    <Answer
      rotation={turns(channel.definition.rotation)}
      channelId={channel.channel_id}
      extra={(serving) =>
        channel.archived_at === null && behind !== null && serving.staff_id !== behind ? (
          <Alert type="info" showIcon title={t('channels.serving.behind', { staff: names.staff(behind) })} />
        ) : null
      }
    />
  )
}

/** Who would get the next customer by a rotation that need not be saved, and why. */
export function Answer({
  rotation,
  channelId,
  extra,
}: {
  rotation: Rotation
  channelId: number | null
  extra?: (serving: Serving) => React.ReactNode
}) {
  const t = useSay()
  const names = useNames()
  const query = useQuery({
    queryKey: ['serving', channelId, rotation],
    refetchInterval: 10_000,
    queryFn: () => data(api.POST('/api/channels/serving', { body: { rotation, channel_id: channelId } })),
  })
  return (
    <Loaded query={query}>
      {(found) => (
        <Card styles={{ body: { padding: 16 } }}>
          <Flex vertical gap={12}>
            <Typography.Text strong>
              {found.staff_id === null
                ? t('channels.serving.nobody')
                : t(`channels.serving.${found.by}`, { staff: names.staff(found.staff_id) })}
              {found.until && (
                <Typography.Text type="secondary">
                  {' '}
                  {t('channels.serving.until', { until: when(found.until) })}
                </Typography.Text>
              )}
            </Typography.Text>
            {extra?.(found)}
            <Why rows={found.members} title={t('channels.members')} owed />
            {found.fallback.length > 0 && <Why rows={found.fallback} title={t('channels.fallback')} />}
          </Flex>
        </Card>
      )}
    </Loaded>
  )
}

function Why({ rows, title, owed }: { rows: Verdict[]; title: string; owed?: boolean }) {
  const t = useSay()
  const names = useNames()
  return (
    <Table
      size="small"
      rowKey="staff_id"
      dataSource={rows}
      pagination={false}
      scroll={{ x: 'max-content' }}
      columns={[
        { title, render: (_, row) => names.staff(row.staff_id) },
        {
          title: t('channels.state'),
          render: (_, row) => <Tag color={COLORS[row.state]}>{t(`channels.state.${row.state}`)}</Tag>,
        },
        {
          title: t('channels.today'),
          align: 'right',
          render: (_, row) =>
            row.daily_limit === null ? number(row.today) : `${number(row.today)} / ${number(row.daily_limit)}`,
        },
        {
          title: t('channels.share'),
          align: 'right',
          render: (_, row) => (row.share ? `${number(row.share * 100, 0)}%` : '—'),
        },
        {
          title: t('channels.owed'),
          align: 'right',
          hidden: !owed,
          responsive: ['md'],
          render: (_, row) => number(row.owed, 1),
        },
      ]}
    />
  )
}
