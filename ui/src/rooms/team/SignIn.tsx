import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Alert, Button, Card, Form, Input, Typography } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import { useSay } from '@/shared/say'

export default function SignIn() {
  const t = useSay()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [fault, setFault] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)

  async function submit(values: { login: string; password: string }) {
    setBusy(true)
    setFault(null)
    try {
      const me = await data(api.POST('/api/team/sign-in', { body: values }))
      client.setQueryData(['session'], me)
      await navigate({ to: '/' })
    } catch (error) {
      setFault(error instanceof ApiError ? t(`sign.${error.code}`, { defaultValue: error.message }) : String(error))
    } finally {
      setBusy(false)
    }
  }

  return (
    <main style={{ minHeight: '100vh', display: 'grid', placeItems: 'center', padding: 16 }}>
      <Card style={{ width: '100%', maxWidth: 380 }}>
        <Typography.Title level={3} style={{ marginTop: 0 }}>
          {t('sign.title')}
        </Typography.Title>
        <Typography.Paragraph type="secondary">{t('app.slogan')}</Typography.Paragraph>
        <Form layout="vertical" onFinish={submit} requiredMark={false}>
          <Form.Item name="login" label={t('sign.login')} rules={[{ required: true, message: t('sign.login') }]}>
            <Input autoFocus autoComplete="username" />
          </Form.Item>
          <Form.Item
            name="password"
            label={t('sign.password')}
            rules={[{ required: true, message: t('sign.password') }]}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          {fault && <Alert type="error" showIcon title={fault} style={{ marginBottom: 16 }} />}
          <Button type="primary" htmlType="submit" block loading={busy}>
            {t('sign.in')}
          </Button>
        </Form>
        <Typography.Paragraph type="secondary" style={{ marginTop: 16, marginBottom: 0 }}>
          {t('sign.hint')}
        </Typography.Paragraph>
      </Card>
    </main>
  )
}
