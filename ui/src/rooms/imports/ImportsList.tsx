import { Link } from '@tanstack/react-router'
import { Card, Flex, Progress, Table, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { Page } from '@/shared/Page'
import { type Say, useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { Dropping } from './Dropping'
import { BAR, type Import, importable, moving, percent, STATE_COLOURS } from './look'
import { remaining } from './remaining'

export default function ImportsList() {
  const t = useSay()
  const names = useNames()
  const mayWrite = useMay('customers.import')
  const list = usePortions(
    ['imports'],
    (cursor) => data(api.GET('/api/imports', { params: { query: { cursor, limit: 20 } } })),
    3_000,
  )
  return (
    <Page title={t('nav.imports')} hint={t('imports.hint')}>
      {mayWrite && <Dropping />}
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }} style={{ marginTop: 12 }}>
            <Table
              rowKey="import_id"
              dataSource={rows}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('imports.none')} /> }}
              columns={[
                {
                  title: t('imports.file'),
                  render: (_, row) => (
                    <Link
                      to="/imports/$id"
                      params={{ id: String(row.import_id) }}
                      style={{ overflowWrap: 'anywhere', display: 'inline-block', minWidth: 120 }}
                    >
                      {row.file_name || `#${row.import_id}`}
                    </Link>
                  ),
                },
                {
                  title: t('imports.state'),
                  width: 130,
                  render: (_, row) => <Tag color={STATE_COLOURS[row.state]}>{t(`import.state.${row.state}`)}</Tag>,
                },
                {
                  title: t('imports.rows'),
                  align: 'right',
                  width: 110,
                  render: (_, row) =>
                    row.state === 'draft' || row.state === 'taking_back' ? '—' : number(row.progress.total),
                  responsive: ['lg'],
                },
                {
                  title: t('imports.result'),
                  onCell: () => ({ style: { minWidth: 180 } }),
                  responsive: ['md'],
                  render: (_, row) => (moving(row) ? <Under one={row} /> : result(row, t)),
                },
                {
                  title: t('imports.by'),
                  responsive: ['xl'],
                  render: (_, row) => sourceWord(row.cancelled_by ?? row.applied_by ?? row.actor, names, t),
                },
                { title: t('imports.at'), width: 130, render: (_, row) => when(row.created_at), responsive: ['lg'] },
              ]}
            />
            <More list={list} />
          </Card>
        )}
      </Loaded>
    </Page>
  )
}

/** An import under way, in one line. */
function Under({ one }: { one: Import }) {
  const t = useSay()
  const { done, total, per_second } = one.progress
  return (
    <Flex gap={8} align="center" wrap>
      <Progress
        aria-label={t(`import.${one.state}`)}
        percent={percent(one)}
        size="small"
        status="active"
        strokeColor={one.state === 'taking_back' ? BAR.back : BAR.running}
        style={{ width: 160, margin: 0 }}
      />
      <Typography.Text type="secondary">{done > 0 && remaining(total - done, per_second, t)}</Typography.Text>
    </Flex>
  )
}

/** What became of an import, in a few words. */
function result(one: Import, t: Say): string {
  const { customers, created, error } = one.counts
  if (one.state === 'complete')
    return t('imports.result_complete', { customers: number(customers), created: number(created) })
  if (one.state === 'taken_back') return t('imports.result_taken_back', { customers: number(customers) })
  if (one.state === 'checked')
    return t(error ? 'imports.result_checked_error' : 'imports.result_checked', {
      count: importable(one),
      error: number(error),
    })
  return '—'
}
