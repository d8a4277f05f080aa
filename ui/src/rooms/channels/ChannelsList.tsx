import { PlusOutlined } from '@ant-design/icons'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Button, Card, DatePicker, Flex, Segmented, Switch, Table, Tag, Typography } from 'antd'
import type { ColumnsType } from 'antd/es/table'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useNames } from '@/shared/lookups'
import { number } from '@/shared/number'
import { Page } from '@/shared/Page'
import { type Say, useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { dawn, local, money } from '@/shared/when'
import { byHook, type Figures, type HookRow, type Listed, whoCame } from './model'
import { problem } from './problem'

interface Period {
  since: string
  until: string
  levels: string[]
}

/** Channels with what they brought and cost in a period, one by one or by what they promise. */
export default function ChannelsList() {
  const t = useSay()
  const navigate = useNavigate()
  const mayWrite = useMay('channels.write')
  const [span, setSpan] = useState<[Dayjs, Dayjs]>(() => [local().subtract(29, 'day'), local()])
  const [archived, setArchived] = useState(false)
  const [by, setBy] = useState<'channel' | 'hook'>('channel')
  const since = span[0].format('YYYY-MM-DD')
  const until = span[1].format('YYYY-MM-DD')
  const list = useQuery({
    queryKey: ['channels', since, until, archived],
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
    queryFn: () => data(api.GET('/api/channels', { params: { query: { since, until, archived } } })),
  })
  const fresh = mayWrite && (
    <Button
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => void navigate({ to: '/channels/$id', params: { id: 'new' } })}
    >
      {t('channels.new')}
    </Button>
  )
  const presets = [7, 30, 90].map((days) => ({
    label: t('channels.last_days', { days }),
    value: [local().subtract(days - 1, 'day'), local()] as [Dayjs, Dayjs],
  }))
  return (
    <Page title={t('nav.channels')} hint={t('channels.hint')} extra={fresh}>
      <Flex wrap gap={12} align="center" style={{ marginBottom: 12 }}>
        <DatePicker.RangePicker
          aria-label={t('channels.period')}
          value={span}
          allowClear={false}
          presets={presets}
          maxDate={local()}
          onChange={(chosen) => chosen?.[0] && chosen[1] && setSpan([chosen[0], chosen[1]])}
        />
        <Segmented
          value={by}
          onChange={setBy}
          options={(['channel', 'hook'] as const).map((value) => ({ value, label: t(`channels.by.${value}`) }))}
        />
        <Flex gap={6} align="center">
          <Switch size="small" checked={archived} onChange={setArchived} aria-label={t('channels.archived_only')} />
          <Typography.Text>{t('channels.archived_only')}</Typography.Text>
        </Flex>
      </Flex>
      <Loaded query={list}>
        {(found) => {
          const period = { since: found.since, until: found.until, levels: found.lead_levels }
          return (
            <Card styles={{ body: { padding: 0 } }}>
              {by === 'channel' ? (
                <Channels items={found.items} period={period}>
                  <Nothing title={t(archived ? 'channels.none_archived' : 'channels.none')}>
                    {!archived && fresh}
                  </Nothing>
                </Channels>
              ) : (
                <Hooks rows={byHook(found.items)} period={period} />
              )}
            </Card>
          )
        }}
      </Loaded>
    </Page>
  )
}

/** A count that leads to the people it counts. */
function People({
  count,
  states,
  period,
  leads,
}: {
  count: number
  states: string[]
  period: Period
  leads?: boolean
}) {
  if (!count) return <>{number(0)}</>
  const until = local(dawn(period.until)).add(1, 'day').format('YYYY-MM-DD')
  const where = whoCame(states, dawn(period.since), dawn(until), leads ? period.levels : undefined)
  return (
    <Link to="/customers" search={{ where }}>
      {number(count)}
    </Link>
  )
}

function figureColumns<T>(
  t: Say,
  period: Period,
  of: (row: T) => Figures,
  states: (row: T) => string[],
): ColumnsType<T> {
  const cost = (amount: number | null) => (amount ? money(amount, 'CNY') : '—')
  return [
    {
      title: t('channels.arrivals'),
      align: 'right',
      responsive: ['md'],
      sorter: (a, b) => of(a).arrivals - of(b).arrivals,
      render: (_, row) => number(of(row).arrivals),
    },
    {
      title: t('channels.people'),
      align: 'right',
      sorter: (a, b) => of(a).people - of(b).people,
      render: (_, row) => <People count={of(row).people} states={states(row)} period={period} />,
    },
    {
      title: t('channels.leads'),
      align: 'right',
      sorter: (a, b) => of(a).leads - of(b).leads,
      render: (_, row) => <People count={of(row).leads} states={states(row)} period={period} leads />,
    },
    {
      title: t('channels.cost'),
      align: 'right',
      responsive: ['sm'],
      sorter: (a, b) => of(a).cost - of(b).cost,
      render: (_, row) => cost(of(row).cost),
    },
    {
      title: t('channels.cost_per_person'),
      align: 'right',
      responsive: ['lg'],
      render: (_, row) => cost(of(row).cost_per_person),
    },
    {
      title: t('channels.cost_per_lead'),
      align: 'right',
      responsive: ['sm'],
      render: (_, row) => cost(of(row).cost_per_lead),
    },
  ]
}

function Channels({ items, period, children }: { items: Listed[]; period: Period; children: React.ReactNode }) {
  const t = useSay()
  const names = useNames()
  return (
    <Table
      rowKey={(row) => row.channel.channel_id}
      dataSource={items}
      pagination={false}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: children }}
      columns={[
        {
          title: t('channels.name'),
          render: (_, { channel }) => (
            <Flex vertical>
              <Link to="/channels/$id" params={{ id: String(channel.channel_id) }}>
                {channel.definition.name}
              </Link>
              <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                {channel.state}
              </Typography.Text>
              {channel.code.problem && (
                <Tag color="orange" style={{ width: 'fit-content', maxWidth: 160, whiteSpace: 'normal', marginTop: 4 }}>
                  {problem(channel.code.problem, t)}
                </Tag>
              )}
            </Flex>
          ),
        },
        { title: t('channels.kind'), render: (_, { channel }) => t(`channels.kind.${channel.kind}`) },
        {
          title: t('channels.hook'),
          responsive: ['md'],
          render: (_, { channel }) => channel.definition.hook || '—',
        },
        {
          title: t('channels.leads_to'),
          responsive: ['lg'],
          render: (_, { channel }) => {
            if (channel.code.waiting) return <Tag>{t('channels.code.waiting')}</Tag>
            return channel.code.staff_id ? names.staff(channel.code.staff_id) : '—'
          },
        },
        ...figureColumns<Listed>(
          t,
          period,
          (row) => row.figures,
          (row) => [row.channel.state],
        ),
      ]}
    />
  )
}

function Hooks({ rows, period }: { rows: HookRow[]; period: Period }) {
  const t = useSay()
  return (
    <Table
      rowKey="hook"
      dataSource={rows}
      pagination={false}
      scroll={{ x: 'max-content' }}
      locale={{ emptyText: <Nothing title={t('channels.none')} /> }}
      columns={[
        { title: t('channels.hook'), render: (_, row) => row.hook || t('channels.no_hook') },
        { title: t('channels.count'), align: 'right', render: (_, row) => number(row.channels) },
        ...figureColumns<HookRow>(
          t,
          period,
          (row) => row.figures,
          (row) => row.states,
        ),
      ]}
    />
  )
}
