import { Form, Input, InputNumber, Select } from 'antd'
import { api, data } from '@/api/client'
import { useAccounts, useStaff } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { greetsAgain, type Welcome, type WelcomeDraft, welcomeDraft, welcomeOf } from './drafts'
import { ChannelRef, ServiceRef } from './Refs'
import { NameField, RuleFields, RuleForm } from './RuleForm'
import { SaidFields } from './Said'
import { WayFields } from './Ways'

const SECOND_ROUTES = ['wecom_group_send', 'oa_custom', 'kf'] as const
const SCOPES = ['wecom', 'staff', 'channel', 'account', 'kf', 'kf_account', 'oa'] as const

/** Write a welcome. */
export function WelcomeForm({ welcome, close }: { welcome: Welcome | null; close: () => void }) {
  const t = useSay()
  const [form] = Form.useForm<WelcomeDraft>()
  const scope = Form.useWatch('scope', form) ?? 'wecom'
  const again = Form.useWatch('second_after_minutes', form)
  const staff = useStaff()?.filter((one) => one.userid) ?? []
  const accounts = useAccounts()?.filter((one) => one.kind === 'oa' || one.kind === 'wecom') ?? []
  const save = (draft: WelcomeDraft) => {
    const body = welcomeOf(draft)
    if (welcome === null) return data(api.POST('/api/replies/welcomes', { body }))
    const path = { welcome_id: welcome.welcome_id }
    return data(api.PUT('/api/replies/welcomes/{welcome_id}', { params: { path }, body }))
  }
  const needed = [{ required: true, whitespace: true, message: t(`welcome.ref_needed.${scope}`) }]
  return (
    <RuleForm
      form={form}
      title={t(welcome ? 'welcome.change' : 'welcome.new')}
      draft={welcomeDraft(welcome)}
      save={save}
      saved={t('welcome.saved')}
      places={['name', 'ref', 'text', 'content_id', 'condition', 'second_after_minutes', 'second_text']}
      close={close}
    >
      <NameField />
      <Form.Item name="scope" label={t('welcome.scope')} extra={t('welcome.scope_hint')}>
        <Select
          onChange={() => form.setFieldValue('ref', '')}
          options={SCOPES.map((value) => ({ value, label: t(`welcome.scope.${value}`) }))}
        />
      </Form.Item>
      {scope === 'staff' && (
        <Form.Item name="ref" label={t('welcome.scope.staff')} rules={needed}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            options={staff.map((one) => ({ value: one.userid ?? '', label: one.name }))}
          />
        </Form.Item>
      )}
      {scope === 'account' && (
        <Form.Item name="ref" label={t('welcome.scope.account')} rules={needed}>
          <Select options={accounts.map((one) => ({ value: String(one.account_id), label: one.name }))} />
        </Form.Item>
      )}
      {scope === 'channel' && <ChannelRef />}
      {scope === 'kf_account' && <ServiceRef />}
      <SaidFields />
      {greetsAgain(scope) && (
        <>
          <Form.Item name="second_after_minutes" label={t('welcome.again')} extra={t('welcome.again_hint')}>
            <InputNumber min={5} max={4320} precision={0} placeholder={t('welcome.never')} suffix={t('welcome.unit')} />
          </Form.Item>
          <Form.Item name="second_text" label={t('welcome.second_text')} hidden={again == null}>
            <Input.TextArea rows={3} maxLength={600} showCount />
          </Form.Item>
          {again != null && (
            <WayFields name="second_ways" routes={SECOND_ROUTES} needed={false} hint={t('welcome.second_ways_hint')} />
          )}
        </>
      )}
      <Form.Item name="priority" label={t('replies.priority')} extra={t('replies.priority_hint')}>
        <InputNumber min={-1000} max={1000} precision={0} />
      </Form.Item>
      <RuleFields />
    </RuleForm>
  )
}
