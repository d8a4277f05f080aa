import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Drawer, Form, Input, InputNumber, Select, Switch } from 'antd'
import { ApiError, api, data } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useAccounts, useStaff } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { Audience } from './Audience'
import { greetsAgain, type Welcome, type WelcomeDraft, welcomeDraft, welcomeOf } from './drafts'
import { ChannelRef, ServiceRef } from './Refs'
import { SaidFields } from './Said'
import { WayFields } from './Ways'

const SECOND_ROUTES = ['wecom_group_send', 'oa_custom', 'kf'] as const
const SCOPES = ['wecom', 'staff', 'channel', 'account', 'kf', 'kf_account', 'oa'] as const

/** Write a welcome. */
export function WelcomeForm({ welcome, close }: { welcome: Welcome | null; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const [form] = Form.useForm<WelcomeDraft>()
  const scope = Form.useWatch('scope', form) ?? 'wecom'
  const again = Form.useWatch('second_after_minutes', form)
  const staff = useStaff()?.filter((one) => one.userid) ?? []
  const accounts = useAccounts()?.filter((one) => one.kind === 'oa' || one.kind === 'wecom') ?? []
  const saving = useMutation({
    mutationFn: async (draft: WelcomeDraft) => {
      const body = welcomeOf(draft)
      if (welcome === null) return data(api.POST('/api/replies/welcomes', { body }))
      const path = { welcome_id: welcome.welcome_id }
      return data(api.PUT('/api/replies/welcomes/{welcome_id}', { params: { path }, body }))
    },
    onSuccess: async () => {
      tell.done(t('welcome.saved'))
      close()
      await client.invalidateQueries({ queryKey: ['replies'] })
    },
    onError: (error) => {
      const name = error instanceof ApiError ? error.field?.split('.')[0] : undefined
      const place = ['name', 'ref', 'text', 'content_id', 'condition', 'second_text'].find((one) => one === name)
      if (place) form.setFields([{ name: place as keyof WelcomeDraft, errors: [fault(error)] }])
      else tell.failed(error)
    },
  })
  const needed = [{ required: true, whitespace: true, message: t(`welcome.ref_needed.${scope}`) }]
  return (
    <Drawer
      open
      size={560}
      title={t(welcome ? 'welcome.change' : 'welcome.new')}
      onClose={close}
      footer={
        <Button type="primary" loading={saving.isPending} onClick={() => form.submit()}>
          {t('shared.save')}
        </Button>
      }
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={welcomeDraft(welcome)}
        onFinish={() => saving.mutate(form.getFieldsValue(true) as WelcomeDraft)}
        scrollToFirstError={{ block: 'center', focus: true }}
      >
        <Form.Item
          name="name"
          label={t('replies.name')}
          rules={[{ required: true, whitespace: true, message: t('replies.name_needed') }]}
        >
          <Input maxLength={60} />
        </Form.Item>
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
              <InputNumber
                min={5}
                max={4320}
                precision={0}
                placeholder={t('welcome.never')}
                suffix={t('welcome.unit')}
              />
            </Form.Item>
            <Form.Item name="second_text" label={t('welcome.second_text')} hidden={again == null}>
              <Input.TextArea rows={3} maxLength={600} showCount />
            </Form.Item>
            {again != null && (
              <WayFields
                name="second_ways"
                routes={SECOND_ROUTES}
                needed={false}
                hint={t('welcome.second_ways_hint')}
              />
            )}
          </>
        )}
        <Form.Item name="condition" label={t('replies.audience')}>
          <Audience none={t('replies.everybody')} />
        </Form.Item>
        <Form.Item name="priority" label={t('replies.priority')} extra={t('replies.priority_hint')}>
          <InputNumber min={-1000} max={1000} precision={0} />
        </Form.Item>
        <Form.Item name="active" label={t('replies.active')} valuePropName="checked">
          <Switch />
        </Form.Item>
      </Form>
    </Drawer>
  )
}
