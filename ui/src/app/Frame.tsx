import {
  ApartmentOutlined,
  BranchesOutlined,
  CalendarOutlined,
  CarryOutOutlined,
  CommentOutlined,
  FileTextOutlined,
  ImportOutlined,
  MenuOutlined,
  MergeCellsOutlined,
  QrcodeOutlined,
  RiseOutlined,
  SendOutlined,
  TagsOutlined,
  TeamOutlined,
} from '@ant-design/icons'
import { useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Alert, Button, Drawer, Grid, Layout, Menu, Space, Typography } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { switchLanguage } from '@/app/i18n'
import { QuickSearch } from '@/app/QuickSearch'
import { SignInAgain } from '@/app/SignInAgain'
import { useSession, useSignOut } from '@/app/session'
import { CompanyTime, useCompany } from '@/shared/CompanyTime'
import { Failure, Loading } from '@/shared/states'

const PLACES = [
  { path: '/journeys', icon: <BranchesOutlined />, word: 'nav.journeys', permission: 'journeys.read' },
  { path: '/pushdesk', icon: <CarryOutOutlined />, word: 'nav.pushdesk', permission: 'tasks.read' },
  { path: '/customers', icon: <TeamOutlined />, word: 'nav.customers', permission: 'customers.read' },
  { path: '/segments', icon: <ApartmentOutlined />, word: 'nav.segments', permission: 'segments.read' },
  { path: '/tags', icon: <TagsOutlined />, word: 'nav.tags', permission: 'tags.read' },
  { path: '/lifecycle', icon: <RiseOutlined />, word: 'nav.lifecycle', permission: 'lifecycle.read' },
  { path: '/channels', icon: <QrcodeOutlined />, word: 'nav.channels', permission: 'channels.read' },
  { path: '/replies', icon: <CommentOutlined />, word: 'nav.replies', permission: 'replies.read' },
  { path: '/content', icon: <FileTextOutlined />, word: 'nav.content', permission: 'content.read' },
  { path: '/imports', icon: <ImportOutlined />, word: 'nav.imports', permission: 'customers.import' },
  { path: '/reviews', icon: <MergeCellsOutlined />, word: 'nav.reviews', permission: 'customers.write' },
  { path: '/outreach', icon: <SendOutlined />, word: 'nav.outreach', permission: 'outreach.write' },
  { path: '/workdays', icon: <CalendarOutlined />, word: 'nav.workdays', permission: 'workdays.read' },
]

/** The frame around every room: navigation, the company's time, who is signed in, the language. */
export function Frame() {
  const { t, i18n } = useTranslation()
  const session = useSession()
  const navigate = useNavigate()
  const signOut = useSignOut(() => navigate({ to: '/sign-in' }))
  const location = useLocation()
  const wide = Grid.useBreakpoint().md ?? true
  const [opened, setOpened] = useState(false)
  const me = session.data
  const company = useCompany(me != null)
  const client = useQueryClient()
  const main = useRef<HTMLElement>(null)
  const away = company.isRefetchError

  useEffect(() => {
    if (me !== null || location.pathname === '/sign-in') return
    void navigate({ to: '/sign-in', search: { next: location.href }, replace: true })
  }, [me, navigate, location])

  // The server is back: what failed meanwhile is read again, nobody has to ask for it.
  const was = useRef(false)
  useEffect(() => {
    if (was.current && !away) void client.invalidateQueries()
    was.current = away
  }, [away, client])

  // Whoever works by keyboard or listens goes on in the new page, not in the menu; at the first page they start on top.
  const place = useRef(location.pathname)
  useEffect(() => {
    if (place.current === location.pathname) return
    place.current = location.pathname
    main.current?.focus({ preventScroll: true })
  }, [location.pathname])

  if (session.isLoadingError) return <Failure error={session.error} retry={() => void session.refetch()} />
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

  const brand = (
    <div className="siyu-brand">
      <Typography.Title level={4} style={{ margin: 0, color: 'var(--siyu-green)' }}>
        {t('app.name')}
      </Typography.Title>
      <Typography.Text type="secondary">{t('app.slogan')}</Typography.Text>
    </div>
  )
  const menu = (
    <nav aria-label={t('nav.menu')}>
      <Menu
        mode="inline"
        items={items}
        selectedKeys={selected}
        onClick={() => setOpened(false)}
        style={{ borderInlineEnd: 0 }}
      />
    </nav>
  )
  const leave = (
    <Button size="small" onClick={() => void signOut()}>
      {t('sign.out')}
    </Button>
  )
  const person = (
    <Link to="/account" title={t('account.title')} onClick={() => setOpened(false)}>
      {`${me.name} · ${me.roles.map((role) => t(`role.${role}`)).join(t('shared.comma'))}`}
    </Link>
  )
  return (
    <Layout style={{ minHeight: '100vh' }}>
      <button type="button" className="siyu-skip" onClick={() => main.current?.focus()}>
        {t('nav.skip')}
      </button>
      <SignInAgain me={me} />
      {wide && (
        <Layout.Sider width={200} style={{ borderInlineEnd: '1px solid var(--siyu-line)' }}>
          <div style={{ position: 'sticky', top: 0 }}>
            {brand}
            {menu}
          </div>
        </Layout.Sider>
      )}
      <Layout>
        <Layout.Header
          style={{
            display: 'flex',
            alignItems: 'center',
            gap: 12,
            height: 56,
            lineHeight: 1.5,
            padding: wide ? '0 24px' : '0 12px',
            position: 'sticky',
            top: 0,
            zIndex: 10,
            borderBottom: '1px solid var(--siyu-line)',
          }}
        >
          {!wide && (
            <>
              <Button type="text" icon={<MenuOutlined />} aria-label={t('nav.menu')} onClick={() => setOpened(true)} />
              <Drawer placement="left" size={264} open={opened} onClose={() => setOpened(false)} title={brand}>
                {menu}
                <Space orientation="vertical" style={{ padding: 16 }}>
                  <CompanyTime />
                  <Typography.Text type="secondary">{person}</Typography.Text>
                  {leave}
                </Space>
              </Drawer>
            </>
          )}
          <span style={{ flex: 1, minWidth: 0 }}>{may('customers.read') && <QuickSearch />}</span>
          <Space size={wide ? 'middle' : 4}>
            {wide && <CompanyTime />}
            {wide && <span className="siyu-person">{person}</span>}
            <Button size="small" type="text" onClick={() => switchLanguage(other)}>
              {t('language.other')}
            </Button>
            {wide && leave}
          </Space>
        </Layout.Header>
        <main id="main" ref={main} tabIndex={-1} style={{ padding: wide ? 24 : 12 }}>
          <Outlet />
        </main>
        <div className="siyu-away" role="status" aria-live="polite">
          {away && <Alert type="warning" showIcon title={t('state.offline')} />}
        </div>
      </Layout>
    </Layout>
  )
}
