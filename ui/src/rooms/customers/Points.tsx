import { Flex, Modal, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Failure, Loading } from '@/shared/states'
import { when } from '@/shared/when'
import { cause } from './events'

/** Every gain and loss of points with its cause, latest first, and what is left of it. */
export function Points({ customer, close }: { customer: number; close: () => void }) {
  const t = useSay()
  const names = useNames()
  const list = usePortions(['standing', customer, 'points'], (cursor) =>
    data(
      api.GET('/api/lifecycle/customers/{customer_id}/points', {
        params: { path: { customer_id: customer }, query: { cursor, limit: 20 } },
      }),
    ),
  )
  return (
    <Modal open onCancel={close} footer={null} title={t('customer.points')}>
      <Typography.Paragraph type="secondary">{t('customer.points_hint')}</Typography.Paragraph>
      {list.isError && <Failure error={list.error} retry={() => void list.refetch()} />}
      {!list.rows && !list.isError && <Loading />}
      {list.rows?.length === 0 && <Typography.Text type="secondary">{t('customer.no_points')}</Typography.Text>}
      {list.rows?.map((gain) => (
        <Flex
          key={gain.gain_id}
          gap={12}
          justify="space-between"
          style={{ padding: '6px 0', borderTop: '1px solid var(--siyu-line)' }}
        >
          <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
            {gain.rule ?? cause(gain.by, names, t)}
            <br />
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              {when(gain.at)}
            </Typography.Text>
          </div>
          <div style={{ textAlign: 'end', whiteSpace: 'nowrap' }}>
            {`${gain.points > 0 ? '+' : ''}${number(gain.points)}`}
            <br />
            <Typography.Text type="secondary" style={{ fontSize: 12 }}>
              {t('customer.points_left', { n: number(gain.worth, 1) })}
            </Typography.Text>
          </div>
        </Flex>
      ))}
      <More list={list} />
    </Modal>
  )
}
