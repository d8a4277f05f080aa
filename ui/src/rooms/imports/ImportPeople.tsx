import { Link } from '@tanstack/react-router'
import { Table, Tag } from 'antd'
import { api, data } from '@/api/client'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'

/** The customers whom an import wrote to, each once. */
export function ImportPeople({ id }: { id: number }) {
  const t = useSay()
  const names = useNames()
  const list = usePortions(['import', id, 'people'], (cursor) =>
    data(
      api.GET('/api/imports/{import_id}/people', {
        params: { path: { import_id: id }, query: { cursor, limit: 50 } },
      }),
    ),
  )
  return (
    <Loaded query={{ ...list, data: list.rows }}>
      {(rows) => (
        <>
          <Table
            size="small"
            rowKey="customer_id"
            dataSource={rows}
            pagination={false}
            locale={{ emptyText: <Nothing title={t('import.nobody')} /> }}
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
              {
                title: t('import.owner'),
                responsive: ['lg'],
                render: (_, row) => (row.owner_id === null ? '—' : names.staff(row.owner_id)),
              },
              {
                title: t('import.made'),
                width: 110,
                render: (_, row) => (
                  <Tag color={row.created ? 'green' : 'blue'}>
                    {t(row.created ? 'import.is_new' : 'import.is_known')}
                  </Tag>
                ),
              },
            ]}
          />
          <More list={list} />
        </>
      )}
    </Loaded>
  )
}
