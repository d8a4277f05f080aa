import { Link, useNavigate } from '@tanstack/react-router'
import { Flex, Grid, Table, Tag, Tooltip, Typography } from 'antd'
import type { MouseEvent } from 'react'
import type { components } from '@/api/schema'
import { type Names, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { arrival } from './events'

export type Person = components['schemas']['PersonShown']
const TAGS_SHOWN = 3

export interface Selection {
  ids: number[]
  set: (ids: number[]) => void
  /** Everybody who matches, also whom the page does not show yet. */
  all: boolean
}

const stay = { onClick: (event: MouseEvent) => event.stopPropagation() }

/** People as an operator looks at them. A tag and a staff member lead to everybody who has them. */
export function PeopleTable({
  rows,
  selection,
  clear,
}: {
  rows: Person[]
  selection: Selection | null
  /** Takes the filters away; null when there are none. */
  clear: (() => void) | null
}) {
  const t = useSay()
  const names = useNames()
  const navigate = useNavigate()
  const wide = Grid.useBreakpoint().xl ?? true
  return (
    <Table
      size="middle"
      tableLayout="fixed"
      rowKey="customer_id"
      dataSource={rows}
      pagination={false}
      locale={{
        emptyText: (
          <Nothing title={t('customers.none')}>
            {clear && <Typography.Link onClick={clear}>{t('customers.unfilter')}</Typography.Link>}
          </Nothing>
        ),
      }}
      rowSelection={
        selection
          ? {
              selectedRowKeys: selection.all ? rows.map((row) => row.customer_id) : selection.ids,
              onChange: (keys) => selection.set(keys.map(Number)),
              columnWidth: 40,
              onCell: () => stay,
              getCheckboxProps: (row) => ({ 'aria-label': t('customers.select', { name: nameOf(row, t) }) }),
            }
          : undefined
      }
      onRow={(row) => ({
        onClick: () => void navigate({ to: '/customers/$id', params: { id: String(row.customer_id) }, search: {} }),
        style: { cursor: 'pointer' },
      })}
      columns={[
        { title: t('customers.name'), render: (_, row) => <Who row={row} /> },
        { title: t('customer.tags'), width: wide ? 230 : 168, render: (_, row) => <Tags row={row} names={names} /> },
        {
          title: t('customers.source'),
          width: 150,
          responsive: ['xl'],
          render: (_, row) => (row.source_kind ? arrival(`${row.source_kind}/${row.source_code ?? ''}`, t) : '—'),
        },
        { title: t('customers.staff'), width: 84, responsive: ['md'], render: (_, row) => <Staff row={row} /> },
        { title: t('customers.follows'), width: 164, responsive: ['lg'], render: (_, row) => <Follows row={row} /> },
        {
          title: t('customers.active'),
          width: 116,
          responsive: ['sm'],
          render: (_, row) => when(row.last_activity_at),
        },
        { title: t('customers.created'), width: 116, responsive: ['xl'], render: (_, row) => when(row.created_at) },
      ]}
    />
  )
}

function nameOf(row: Person, say: (key: string, values?: Record<string, unknown>) => string): string {
  return row.name ?? say('customer.nameless', { id: row.customer_id })
}

function Who({ row }: { row: Person }) {
  const t = useSay()
  const more = [row.phone, row.company, row.region].filter(Boolean).join(' · ')
  return (
    <>
      <Flex gap={6} align="center" wrap>
        <Link to="/customers/$id" params={{ id: String(row.customer_id) }} style={{ overflowWrap: 'anywhere' }}>
          {nameOf(row, t)}
        </Link>
        {row.opted_out && <Tag color="red">{t('customers.pushes.out')}</Tag>}
      </Flex>
      {more && (
        <Typography.Text type="secondary" ellipsis={{ tooltip: more }} style={{ display: 'block' }}>
          {more}
        </Typography.Text>
      )}
    </>
  )
}

function Tags({ row, names }: { row: Person; names: Names }) {
  const t = useSay()
  const rest = row.tags.slice(TAGS_SHOWN)
  if (row.tags.length === 0) return '—'
  return (
    <Flex wrap gap={4}>
      {row.tags.slice(0, TAGS_SHOWN).map((tag) => (
        <Link key={tag} to="/customers" search={{ tag }} {...stay}>
          <Tag color="green" style={{ margin: 0, cursor: 'pointer' }}>
            {names.tag(tag)}
          </Tag>
        </Link>
      ))}
      {rest.length > 0 && (
        <Tooltip title={rest.map((tag) => names.tag(tag)).join(t('shared.comma'))}>
          <Tag style={{ margin: 0 }}>+{rest.length}</Tag>
        </Tooltip>
      )}
    </Flex>
  )
}

function Staff({ row }: { row: Person }) {
  const t = useSay()
  const present = row.follows.filter((one) => one.following && one.staff !== null)
  if (present.length === 0) return '—'
  return (
    <Flex wrap gap={4}>
      {present.map((one) => (
        <Link
          key={`${one.account_id}:${one.staff}`}
          to="/customers"
          search={{ staff: one.staff ?? '' }}
          title={t('customer.following', { at: when(one.followed_at) })}
          {...stay}
        >
          {one.staff_name}
        </Link>
      ))}
    </Flex>
  )
}

/** Official Accounts: followed since when, or left when. */
function Follows({ row }: { row: Person }) {
  const t = useSay()
  const names = useNames()
  const accounts = row.follows.filter((one) => one.staff === null)
  if (accounts.length === 0) return '—'
  return accounts.map((one) => (
    <div key={one.account_id}>
      {names.account(one.account_id)}
      <br />
      <Typography.Text type="secondary">
        {one.following
          ? t('customer.following', { at: when(one.followed_at) })
          : t('customer.lost', { at: when(one.lost_at) })}
      </Typography.Text>
    </div>
  ))
}
