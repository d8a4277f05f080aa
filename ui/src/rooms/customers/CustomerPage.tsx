import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Avatar, Card, Col, Flex, Row, Space, Tabs, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTitle } from '@/shared/title'
import { when } from '@/shared/when'
import { CustomerButtons } from './CustomerButtons'
import { CustomerJourneys } from './CustomerJourneys'
import { CustomerSegments } from './CustomerSegments'
import { CustomerTags } from './CustomerTags'
import { Identities } from './Identities'
import { Ledger } from './Ledger'
import { Orders } from './Orders'
import { ProfileCard } from './ProfileCard'
import { Timeline } from './Timeline'

export type Profile = components['schemas']['ProfileOut']

export default function CustomerPage() {
  const { id } = useParams({ from: '/frame/customers/$id' })
  const number = Number(id)
  const [clear, setClear] = useState(false)
  const profile = useQuery({
    queryKey: ['customer', number, 'profile', clear],
    refetchInterval: clear ? false : 10_000,
    placeholderData: (before) => before,
    queryFn: () =>
      data(api.GET('/api/customers/{customer_id}', { params: { path: { customer_id: number }, query: { clear } } })),
  })
  return (
    <Loaded query={profile}>
      {(found) => <Customer key={found.customer_id} profile={found} clear={clear} setClear={setClear} />}
    </Loaded>
  )
}

function Customer({
  profile,
  clear,
  setClear,
}: {
  profile: Profile
  clear: boolean
  setClear: (clear: boolean) => void
}) {
  const t = useSay()
  const id = profile.customer_id
  const mayLedger = useMay('outreach.read')
  const mayJourneys = useMay('journeys.read')
  const mayTags = useMay('tags.read')
  const maySegments = useMay('segments.read')
  const name = profile.name ?? t('customer.nameless', { id })
  useTitle(name)
  const { tab } = useSearch({ from: '/frame/customers/$id' })
  const navigate = useNavigate({ from: '/customers/$id' })
  return (
    <section style={{ maxWidth: 1480, margin: '0 auto' }}>
      <Card styles={{ body: { padding: 20 } }} style={{ marginBottom: 12 }}>
        <Flex wrap gap={16} align="center" justify="space-between">
          <Flex gap={16} align="center" style={{ minWidth: 0 }}>
            <Avatar size={56} style={{ background: 'var(--siyu-green)', fontSize: 24, flex: 'none' }}>
              {profile.name ? [...profile.name][0] : '#'}
            </Avatar>
            <div style={{ minWidth: 0 }}>
              <Flex gap={8} align="center" wrap>
                <Typography.Title level={3} style={{ margin: 0, overflowWrap: 'anywhere' }}>
                  {name}
                </Typography.Title>
                {profile.opted_out_at && (
                  <Tag color="red">{t('customer.opted_out', { at: when(profile.opted_out_at) })}</Tag>
                )}
                {profile.blacklisted && <Tag color="red">{t('customer.blacklisted')}</Tag>}
              </Flex>
              <Space separator="·" wrap size={6}>
                <Typography.Text type="secondary">{String(profile.attributes.phone ?? `#${id}`)}</Typography.Text>
                {profile.attributes.company !== undefined && (
                  <Typography.Text type="secondary">{String(profile.attributes.company)}</Typography.Text>
                )}
                <Typography.Text type="secondary">
                  {t('customer.created_at', { at: when(profile.created_at) })}
                </Typography.Text>
                {profile.last_activity_at && (
                  <Typography.Text type="secondary">
                    {t('customer.active_at', { at: when(profile.last_activity_at) })}
                  </Typography.Text>
                )}
              </Space>
            </div>
          </Flex>
          <CustomerButtons profile={profile} clear={clear} setClear={setClear} />
        </Flex>
      </Card>
      <Row gutter={[12, 12]}>
        <Col xs={24} lg={9} xl={8}>
          <Flex vertical gap={12}>
            <ProfileCard profile={profile} />
            {mayTags && <CustomerTags id={id} />}
            {maySegments && <CustomerSegments id={id} />}
            <Identities id={id} clear={clear} />
          </Flex>
        </Col>
        <Col xs={24} lg={15} xl={16}>
          <Card styles={{ body: { padding: '4px 20px 20px' } }}>
            <Tabs
              activeKey={tab ?? 'timeline'}
              onChange={(key) =>
                void navigate({ search: { tab: key === 'timeline' ? undefined : key }, replace: true })
              }
              items={[
                { key: 'timeline', label: t('customer.timeline'), children: <Timeline id={id} clear={clear} /> },
                ...(mayJourneys
                  ? [{ key: 'journeys', label: t('customer.journeys'), children: <CustomerJourneys id={id} /> }]
                  : []),
                ...(mayLedger ? [{ key: 'ledger', label: t('customer.ledger'), children: <Ledger id={id} /> }] : []),
                { key: 'orders', label: t('customer.orders'), children: <Orders id={id} /> },
              ]}
            />
          </Card>
        </Col>
      </Row>
    </section>
  )
}
