import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Button, Card, Flex, Popconfirm, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useMay, useSession, useSignOut } from '@/app/session'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { PasswordForm } from './PasswordForm'
import { StaffAccess } from './StaffAccess'

/** One's own password and sessions; for administrators, everybody's. */
export default function Account() {
  const t = useSay()
  const me = useSession().data
  const admin = useMay('team.write')
  if (!me) return null
  return (
    <Page
      title={t('account.title')}
      hint={t('account.hint', { name: me.name, login: me.login ?? t('account.no_login') })}
    >
      <Flex vertical gap={16}>
        <Flex wrap gap={16} align="stretch">
          <Card title={t('account.password')} style={{ flex: '1 1 320px', maxWidth: 480 }}>
            <PasswordForm login={me.login} />
          </Card>
          <Card title={t('account.sessions')} style={{ flex: '1 1 320px', maxWidth: 480 }}>
            <Everywhere />
          </Card>
        </Flex>
        {admin && (
          <Card title={t('account.staff')}>
            <StaffAccess own={me.staff_id} />
          </Card>
        )}
      </Flex>
    </Page>
  )
}

function Everywhere() {
  const t = useSay()
  const tell = useTell()
  const navigate = useNavigate()
  const leave = useSignOut(() => navigate({ to: '/sign-in' }))
  const end = useMutation({
    mutationFn: () => data(api.POST('/api/team/me/sign-out-everywhere')),
    onSuccess: leave,
    onError: tell.failed,
  })
  return (
    <>
      <Typography.Paragraph type="secondary">{t('account.everywhere_hint')}</Typography.Paragraph>
      <Popconfirm
        title={t('account.everywhere_sure')}
        okText={t('account.everywhere')}
        onConfirm={() => end.mutateAsync().catch(() => undefined)}
      >
        <Button danger loading={end.isPending}>
          {t('account.everywhere')}
        </Button>
      </Popconfirm>
    </>
  )
}
