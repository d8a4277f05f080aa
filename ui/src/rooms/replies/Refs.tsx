import { useQueries, useQuery } from '@tanstack/react-query'
import { Alert, AutoComplete, Form, Select } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useAccounts } from '@/shared/lookups'
import { useSay } from '@/shared/say'

/** Kinds of channels whose people can be greeted. */
const GREETED = ['wecom_live_code', 'acquisition_link', 'kf_link', 'oa_qr']

/** The accounts of customer service, as WeCom lists them now for each company that Siyu knows. */
export function useServiceAccounts(wanted: boolean) {
  const may = useMay('channels.read')
  const apps = useAccounts()?.filter((one) => one.kind === 'wecom') ?? []
  const lists = useQueries({
    queries: apps.map((one) => ({
      queryKey: ['service-accounts', one.account_id],
      enabled: wanted && may,
      retry: false,
      staleTime: 60_000,
      queryFn: () =>
        data(api.GET('/api/channels/service-accounts', { params: { query: { account_id: one.account_id } } })),
    })),
  })
  const found = new Map(lists.flatMap((one) => one.data ?? []).map((one) => [one.open_kfid, one.name]))
  return { found, loading: lists.some((one) => one.isFetching), failed: lists.some((one) => one.isError) }
}

/** Which account of customer service a welcome is for. */
export function ServiceRef() {
  const t = useSay()
  const chosen = Form.useWatch('ref') as string | undefined
  const { found, loading, failed } = useServiceAccounts(true)
  const options = [...found].map(([value, name]) => ({ value, label: name || value }))
  // One that the platform does not list any more stays to be seen.
  const missing = chosen && !loading && !found.has(chosen)
  return (
    <>
      <Form.Item
        name="ref"
        label={t('welcome.scope.kf_account')}
        rules={[{ required: true, message: t('welcome.ref_needed.kf_account') }]}
      >
        <Select
          loading={loading}
          showSearch={{ optionFilterProp: 'label' }}
          options={missing ? [...options, { value: chosen, label: chosen }] : options}
        />
      </Form.Item>
      {!loading && (failed || found.size === 0) && (
        <Alert
          type={failed ? 'warning' : 'info'}
          showIcon
          title={t(failed ? 'welcome.kf_unknown' : 'welcome.kf_none')}
          style={{ marginBottom: 16 }}
        />
      )}
    </>
  )
}

/** The channels whose people can be greeted. */
export function useChannelCodes() {
  const enabled = useMay('channels.read')
  const { data: found } = useQuery({
    queryKey: ['channels', 'codes'],
    enabled,
    staleTime: 60_000,
    queryFn: async () => (await data(api.GET('/api/channels'))).items,
  })
  return (found ?? []).map((one) => one.channel).filter((one) => GREETED.includes(one.kind))
}

/** Whose people a welcome is for: a channel, chosen by its name, or a code that is typed. */
export function ChannelRef() {
  const t = useSay()
  const options = useChannelCodes()
    .filter((one) => one.archived_at === null)
    .map((one) => ({
      value: one.state,
      label: t('welcome.channel_option', { name: one.definition.name, code: one.state }),
    }))
  return (
    <Form.Item
      name="ref"
      label={t('welcome.channel_code')}
      extra={t('welcome.channel_hint')}
      rules={[{ required: true, whitespace: true, message: t('welcome.ref_needed.channel') }]}
    >
      <AutoComplete
        options={options}
        showSearch={{
          filterOption: (said, one) =>
            String(one?.label ?? '')
              .toLowerCase()
              .includes(said.toLowerCase()),
        }}
        maxLength={128}
      />
    </Form.Item>
  )
}
