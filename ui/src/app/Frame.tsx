import {
  ApartmentOutlined,
  BranchesOutlined,
  FileTextOutlined,
  ImportOutlined,
  MergeCellsOutlined,
  TeamOutlined,
} from '@ant-design/icons'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Button, Grid, Layout, Menu, Space, Typography } from 'antd'
import { Suspense, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { switchLanguage } from '@/app/i18n'
import { useSession, useSignOut } from '@/app/session'
import { CompanyTime, useCompany } from '@/shared/CompanyTime'
import { Failure, Loading } from '@/shared/states'

const PLACES = [
  { path: '/journeys', icon: <BranchesOutlined />, word: 'nav.journeys', permission: 'journeys.read' },
  { path: '/customers', icon: <TeamOutlined />, word: 'nav.customers', permission: 'customers.read' },
  { path: '/segments', icon: <ApartmentOutlined />, word: 'nav.segments', permission: 'segments.read' },
  { path: '/content', icon: <FileTextOutlined />, word: 'nav.content', permission: 'content.read' },
  { path: '/imports', icon: <ImportOutlined />, word: 'nav.imports', permission: 'customers.write' },
  { path: '/reviews', icon: <MergeCellsOutlined />, word: 'nav.reviews', permission: 'customers.write' },
]

/** The frame around every room: navigation, the company's time, who is signed in, the language. */
export function Frame() {
  const { t, i18n } = useTranslation()
  const session = useSession()
  const signOut = useSignOut()
  const navigate = useNavigate()
  const location = useLocation()
  const wide = Grid.useBreakpoint().md ?? true
  const me = session.data
  const company = useCompany(me != null)

  useEffect(() => {
    if (me === null) void navigate({ to: '/sign-in' })
  }, [me, navigate])

  if (session.error) return <Failure error={session.error} retry={() => void session.refetch()} />
  if (company.isLoadingError) return <Failure error={company.error} retry={() => void company.refetch()} />
  if (!me || !company.data) return <Loading />

  const may = (permission: string) => me.permissions.includes('*') || me.permissions.includes(permission)
  const items = PLACES.filter((place) => may(place.permission)).map((place) => ({
    key: place.path,
    icon: place.icon,
    label: <Link to={place.path}>{t(place.word)}</Link>,
  }))
  const selected = PLACES.filter((place) => location.pathname.startsWith(place.path)).map((place) => place.path)
  const other = i18n.language === 'zh' ? 'en' : 'zh'

  const menu = (mode: 'inline' | 'horizontal') => (
    <Menu mode={mode} items={items} selectedKeys={selected} style={{ borderInlineEnd: 0, flex: 1, minWidth: 0 }} />
  )
  return (
    <Layout style={{ minHeight: '100vh' }}>
      {wide && (
        <Layout.Sider width={200} style={{ borderInlineEnd: '1px solid var(--siyu-line)' }}>
          <div style={{ padding: '16px 24px' }}>
            <Typography.Title level={4} style={{ margin: 0, color: 'var(--siyu-green)' }}>
              {t('app.name')}
            </Typography.Title>
            <Typography.Text type="secondary">{t('app.slogan')}</Typography.Text>
          </div>
          {menu('inline')}
        </Layout.Sider>
      )}
      <Layout>
        <Layout.Header
          style={{
            display: 'flex',
            alignItems: 'center',
            gap: 16,
            padding: '0 16px',
            borderBottom: '1px solid var(--siyu-line)',
          }}
        >
          {wide ? <span style={{ flex: 1 }} /> : menu('horizontal')}
          <Space size="middle">
            {wide && <CompanyTime />}
            {wide && (
              <span>
                {me.name} · {me.roles.map((role) => t(`role.${role}`)).join(t('shared.comma'))}
              </span>
            )}
            <Button size="small" type="text" onClick={() => switchLanguage(other)}>
              {t('language.other')}
            </Button>
            <Button size="small" onClick={() => void signOut().then(() => navigate({ to: '/sign-in' }))}>
              {t('sign.out')}
            </Button>
          </Space>
        </Layout.Header>
        <Layout.Content style={{ padding: wide ? 24 : 12 }}>
          <Suspense fallback={<Loading />}>
            <Outlet />
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  )
}
