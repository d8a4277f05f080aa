import { useQueryClient } from '@tanstack/react-query'
import { useRouter, useSearch } from '@tanstack/react-router'
import { Alert, Button, Card, Flex, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { switchLanguage } from '@/app/i18n'
import { useSay } from '@/shared/say'
import { useTitle } from '@/shared/title'
import { SignInForm } from './SignInForm'

export default function SignIn() {
  const t = useSay()
  const { i18n } = useTranslation()
  const client = useQueryClient()
  const router = useRouter()
  const { next } = useSearch({ from: '/sign-in' })
  useTitle(t('sign.in'))
  return (
    <main style={{ minHeight: '100vh', display: 'grid', placeItems: 'center', padding: 16 }}>
      <Card style={{ width: '100%', maxWidth: 380 }}>
        <Flex justify="space-between" align="center" style={{ marginBottom: 8 }}>
          <Typography.Title level={1} style={{ margin: 0, fontSize: 24 }}>
            {t('sign.title')}
          </Typography.Title>
          <Button size="small" type="text" onClick={() => switchLanguage(i18n.language === 'zh' ? 'en' : 'zh')}>
            {t('language.other')}
          </Button>
        </Flex>
        <Typography.Paragraph type="secondary">{t('app.slogan')}</Typography.Paragraph>
        {next && <Alert type="info" showIcon title={t('sign.again')} style={{ marginBottom: 16 }} />}
        <SignInForm
          done={(me) => {
            client.setQueryData(['session'], me)
            router.history.push(next ?? '/')
          }}
        />
        <Typography.Paragraph type="secondary" style={{ marginTop: 16, marginBottom: 0 }}>
          {t('sign.hint')}
        </Typography.Paragraph>
      </Card>
    </main>
  )
}
