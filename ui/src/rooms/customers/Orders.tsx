import { useQuery } from '@tanstack/react-query'
import { Table, Tag } from 'antd'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { money, when } from '@/shared/when'

export function Orders({ id }: { id: number }) {
  const t = useSay()
  const query = useQuery({
    queryKey: ['customer', id, 'orders'],
    queryFn: () => data(api.GET('/api/customers/{customer_id}/orders', { params: { path: { customer_id: id } } })),
  })
  return (
    <Loaded query={query}>
      {(rows) =>
        rows.length === 0 ? (
          <Nothing title={t('customer.orders_none')} />
        ) : (
          <Table
            size="small"
            rowKey={(row) => `${row.source}:${row.order_no}`}
            dataSource={rows}
            pagination={false}
            columns={[
              { title: t('customer.order_no'), dataIndex: 'order_no' },
              {
                title: t('customer.order_amount'),
                align: 'right',
                render: (_, row) => money(row.amount, row.currency),
              },
              { title: t('customer.order_state'), render: (_, row) => <Tag>{t(`order.${row.status}`)}</Tag> },
              { title: t('customer.order_at'), render: (_, row) => when(row.placed_at) },
            ]}
          />
        )
      }
    </Loaded>
  )
}
