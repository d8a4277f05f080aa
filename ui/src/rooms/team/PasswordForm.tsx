import { useMutation } from '@tanstack/react-query'
import { Alert, Button, Form, Input } from 'antd'
import { ApiError, api, data } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'

export const LEAST = 10
type Values = { current: string; new: string; repeat: string }

/** Change one's own password; what is wrong is said at its field. */
export function PasswordForm({ login }: { login: string | null }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const [form] = Form.useForm<Values>()
  const change = useMutation({
    mutationFn: (values: Values) =>
      data(api.POST('/api/team/me/password', { body: { current: values.current, new: values.new } })),
    onSuccess: () => {
      form.resetFields()
      tell.done(t('account.changed'))
    },
    onError: (error) => {
      if (!(error instanceof ApiError) || (error.field !== 'current' && error.field !== 'new')) return
      form.setFields([{ name: error.field, errors: [t(`account.${error.code}`, { defaultValue: fault(error) })] }])
    },
  })
  const known = change.error instanceof ApiError && (change.error.field === 'current' || change.error.field === 'new')
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={(values) => change.mutate(values)}>
      <input type="text" autoComplete="username" value={login ?? ''} readOnly hidden />
      <Form.Item
        name="current"
        label={t('account.current')}
        rules={[{ required: true, message: t('account.current_missing') }]}
      >
        <Input.Password autoComplete="current-password" maxLength={200} />
      </Form.Item>
      <Form.Item
        name="new"
        label={t('account.new')}
        extra={t('account.least', { count: LEAST })}
        rules={[{ required: true, min: LEAST, message: t('account.weak_password') }]}
      >
        <Input.Password autoComplete="new-password" maxLength={200} />
      </Form.Item>
      <Form.Item
        name="repeat"
        label={t('account.repeat')}
        dependencies={['new']}
        rules={[
          { required: true, message: t('account.repeat_missing') },
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              !value || value === getFieldValue('new') ? Promise.resolve() : Promise.reject(t('account.repeat_other')),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={200} />
      </Form.Item>
      {change.error && !known && (
        <Alert type="error" showIcon title={fault(change.error)} style={{ marginBottom: 16 }} />
      )}
      <Button type="primary" htmlType="submit" loading={change.isPending}>
        {t('account.change')}
      </Button>
    </Form>
  )
}
