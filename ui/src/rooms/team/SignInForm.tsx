import { Alert, Button, Form, Input } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'

export type Me = components['schemas']['Me']

/** Login and password; `done` hears who signed in. */
export function SignInForm({ login, done }: { login?: string | null; done: (me: Me) => void }) {
  const t = useSay()
  const say = useFault()
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  async function submit(values: { login: string; password: string }) {
    setBusy(true)
    setFault(null)
    try {
      done(await data(api.POST('/api/team/sign-in', { body: values })))
    } catch (error) {
      setFault(error instanceof ApiError ? t(`sign.${error.code}`, { defaultValue: say(error) }) : String(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Form layout="vertical" onFinish={submit} requiredMark={false} initialValues={{ login: login ?? '' }}>
      <Form.Item name="login" label={t('sign.login')} rules={[{ required: true, message: t('sign.login_missing') }]}>
        <Input autoFocus={!login} autoComplete="username" maxLength={64} />
      </Form.Item>
      <Form.Item
        name="password"
        label={t('sign.password')}
        rules={[{ required: true, message: t('sign.password_missing') }]}
      >
        <Input.Password autoFocus={Boolean(login)} autoComplete="current-password" maxLength={200} />
      </Form.Item>
      {fault && <Alert type="error" showIcon title={fault} style={{ marginBottom: 16 }} />}
      <Button type="primary" htmlType="submit" block loading={busy}>
        {t('sign.in')}
      </Button>
    </Form>
  )
}
