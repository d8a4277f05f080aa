import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Card, Flex, Input, Select, Table } from 'antd'
import { useEffect, useState } from 'react'
import { api, data } from '@/api/client'
import type { CustomersSearch } from '@/app/router'
import { useAccounts } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'

const PAUSE = 250

export default function CustomersList() {
  const t = useSay()
  const search = useSearch({ from: '/frame/customers' })
  const navigate = useNavigate({ from: '/customers' })
  const accounts = useAccounts()
  const [typed, setTyped] = useState(search.q ?? '')
  const narrow = (change: Partial<CustomersSearch>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })

  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts a search, navigation does not
  useEffect(() => {
    if (typed === (search.q ?? '')) return
    const timer = setTimeout(() => narrow({ q: typed || undefined }), PAUSE)
    return () => clearTimeout(timer)
  }, [typed])

  const list = usePortions(['customers', search], (cursor) =>
    data(
      api.GET('/api/customers', {
        params: {
          query: {
            q: search.q,
            sort: search.sort ?? 'name',
            opted_out: search.pushes ? search.pushes === 'out' : undefined,
            account_id: search.account,
            region: search.region,
            cursor,
            limit: 50,
          },
        },
      }),
    ),
  )
  return (
    <Page title={t('nav.customers')} hint={t('customers.hint')}>
      <Flex wrap gap={8} style={{ marginBottom: 12 }}>
        <Input.Search
          allowClear
          aria-label={t('shared.search')}
          placeholder={t('customers.search')}
          value={typed}
          maxLength={64}
          onChange={(event) => setTyped(event.target.value)}
          style={{ width: 300, maxWidth: '100%' }}
        />
        <Select
          allowClear
          placeholder={t('customers.pushes')}
          aria-label={t('customers.pushes')}
          value={search.pushes}
          onChange={(pushes) => narrow({ pushes })}
          style={{ minWidth: 130 }}
          options={[
            { value: 'in', label: t('customers.pushes.in') },
            { value: 'out', label: t('customers.pushes.out') },
          ]}
        />
        <Select
          allowClear
          placeholder={t('customers.account')}
          aria-label={t('customers.account')}
          value={search.account}
          onChange={(account) => narrow({ account })}
          style={{ minWidth: 200 }}
          options={accounts.data?.map((one) => ({ value: one.account_id, label: one.name })) ?? []}
        />
        <Select
          aria-label={t('shared.sort')}
          value={search.sort ?? 'name'}
          onChange={(sort) => narrow({ sort: sort === 'name' ? undefined : sort })}
          style={{ minWidth: 150 }}
          options={(['name', 'activity', 'created'] as const).map((value) => ({
            value,
            label: t(`customers.sort.${value}`),
          }))}
        />
      </Flex>
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table
              rowKey="customer_id"
              dataSource={rows}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('customers.none')} /> }}
              onRow={(row) => ({
                onClick: () => void navigate({ to: '/customers/$id', params: { id: String(row.customer_id) } }),
                style: { cursor: 'pointer' },
              })}
              columns={[
                {
                  title: t('customers.name'),
                  render: (_, row) => (
                    <Link to="/customers/$id" params={{ id: String(row.customer_id) }}>
                      {row.name ?? t('customer.nameless', { id: row.customer_id })}
                    </Link>
                  ),
                },
                { title: t('customers.phone'), render: (_, row) => row.phone ?? '—' },
                { title: t('customers.company'), render: (_, row) => row.company ?? '—', responsive: ['md'] },
                { title: t('customers.region'), render: (_, row) => row.region ?? '—', responsive: ['lg'] },
                { title: t('customers.active'), render: (_, row) => when(row.last_activity_at), responsive: ['sm'] },
                { title: t('customers.created'), render: (_, row) => when(row.created_at), responsive: ['lg'] },
              ]}
            />
            <More list={list} />
          </Card>
        )}
      </Loaded>
    </Page>
  )
}
