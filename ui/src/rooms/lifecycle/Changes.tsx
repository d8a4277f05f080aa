import { Link } from '@tanstack/react-router'
import { Card, DatePicker, Flex, Segmented, Select, Table, Tag, Typography } from 'antd'
import type { Dayjs } from 'dayjs'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { cause } from '@/rooms/customers/events'
import { useLadder, useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { dawn, exactly, local, when } from '@/shared/when'

type Change = components['schemas']['ChangeBody']
type Direction = NonNullable<Change['direction']>

/** Who changed level, from where and why, the latest first. */
export function Changes() {
  const t = useSay()
  const names = useNames()
  const ladder = useLadder()
  const [level, setLevel] = useState<string>()
  const [direction, setDirection] = useState<Direction>()
  const [span, setSpan] = useState<[Dayjs, Dayjs]>()
  // The chosen last day belongs to the span.
  const since = span && dawn(span[0].format('YYYY-MM-DD'))
  const until = span && dawn(span[1].add(1, 'day').format('YYYY-MM-DD'))
  const list = usePortions(
    ['lifecycle-changes', level, direction, since, until],
    (cursor) =>
      data(
        api.GET('/api/lifecycle/changes', { params: { query: { level, direction, since, until, cursor, limit: 50 } } }),
      ),
    15_000,
  )
  const narrowed = level !== undefined || direction !== undefined || span !== undefined
  const presets = [7, 30, 90].map((days) => ({
    label: t('lifecycle.last_days', { days }),
    value: [local().subtract(days - 1, 'day'), local()] as [Dayjs, Dayjs],
  }))
  return (
    <>
      <Typography.Paragraph type="secondary">{t('lifecycle.changes_hint')}</Typography.Paragraph>
      <Flex wrap gap={12} align="center" style={{ marginBottom: 12 }}>
        <Select
          aria-label={t('lifecycle.reached')}
          style={{ width: 160 }}
          allowClear
          placeholder={t('lifecycle.any_level')}
          value={level}
          onChange={setLevel}
          options={ladder?.levels.map((one) => ({ value: one.key, label: one.name }))}
        />
        <Segmented<Direction | 'all'>
          aria-label={t('lifecycle.direction')}
          value={direction ?? 'all'}
          onChange={(value) => setDirection(value === 'all' ? undefined : value)}
          options={(['all', 'up', 'down'] as const).map((value) => ({
            value,
            label: t(`lifecycle.direction.${value}`),
          }))}
        />
        <DatePicker.RangePicker
          aria-label={t('lifecycle.span')}
          value={span ?? null}
          presets={presets}
          maxDate={local()}
          onChange={(chosen) => setSpan(chosen?.[0] && chosen[1] ? [chosen[0], chosen[1]] : undefined)}
        />
      </Flex>
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <>
            <Card styles={{ body: { padding: 0 } }}>
              <Table<Change>
                rowKey="event_id"
                dataSource={rows}
                pagination={false}
                scroll={{ x: 'max-content' }}
                locale={{
                  emptyText: <Nothing title={t(narrowed ? 'lifecycle.no_such_changes' : 'lifecycle.no_changes')} />,
                }}
                columns={[
                  {
                    title: t('lifecycle.changed_at'),
                    width: 150,
                    render: (_, row) => <span title={exactly(row.at)}>{when(row.at)}</span>,
                  },
                  {
                    title: t('lifecycle.who'),
                    render: (_, row) => (
                      <Link to="/customers/$id" params={{ id: String(row.customer_id) }}>
                        {row.name || t('customer.nameless', { id: row.customer_id })}
                      </Link>
                    ),
                  },
                  {
                    title: t('lifecycle.change'),
                    render: (_, row) => (
                      <>
                        {names.level(row.from_level)} → <strong>{names.level(row.to_level)}</strong>{' '}
                        {row.direction && (
                          <Tag color={row.direction === 'up' ? 'green' : 'orange'}>
                            {t(`lifecycle.direction.${row.direction}`)}
                          </Tag>
                        )}
                      </>
                    ),
                  },
                  {
                    title: t('lifecycle.score_then'),
                    align: 'right',
                    width: 110,
                    render: (_, row) => number(row.score),
                  },
                  { title: t('lifecycle.why'), render: (_, row) => cause(row.why, names, t) },
                ]}
              />
            </Card>
            <More list={list} />
          </>
        )}
      </Loaded>
    </>
  )
}
