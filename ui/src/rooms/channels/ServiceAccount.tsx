import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Form, Select } from 'antd'
import { api, data } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'

/** The account of customer service that the link leads to, chosen from those that WeCom lists now. */
export function ServiceAccount({ accountId }: { accountId: number | null | undefined }) {
  const t = useSay()
  const fault = useFault()
  const form = Form.useFormInstance()
  const chosen = Form.useWatch('open_kfid', form) as string | undefined
  const listed = useQuery({
    queryKey: ['service-accounts', accountId],
    enabled: accountId != null,
    retry: false,
    queryFn: () =>
      data(api.GET('/api/channels/service-accounts', { params: { query: { account_id: accountId ?? 0 } } })),
  })
  const known = (listed.data ?? []).map((one) => ({ value: one.open_kfid, label: one.name || one.open_kfid }))
  // One that the platform does not list any more stays to be seen.
  const missing = chosen && !listed.isPending && !known.some((one) => one.value === chosen)
  return (
    <Card size="small" style={{ marginBottom: 16 }}>
      <Form.Item
        name="open_kfid"
        label={t('channels.part.open_kfid')}
        rules={[{ required: true, message: t('channels.kf_missing') }]}
        style={{ marginBottom: 0 }}
      >
        <Select
          loading={listed.isFetching}
          disabled={accountId == null ? true : undefined}
          placeholder={accountId == null ? t('channels.account_missing') : undefined}
          showSearch={{ optionFilterProp: 'label' }}
          options={missing ? [...known, { value: chosen, label: chosen }] : known}
        />
      </Form.Item>
      {listed.isSuccess && known.length === 0 && (
        <Alert type="info" showIcon title={t('channels.kf_none')} style={{ marginTop: 12 }} />
      )}
      {listed.isError && (
        <Alert
          type="warning"
          showIcon
          title={t('channels.kf_unknown')}
          description={fault(listed.error)}
          action={<Button onClick={() => void listed.refetch()}>{t('channels.kf_retry')}</Button>}
          style={{ marginTop: 12 }}
        />
      )}
    </Card>
  )
}
