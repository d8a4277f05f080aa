import { CheckOutlined, MinusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Card, Flex, Tag, Typography } from 'antd'
import { type ReactNode, useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useAttributes, useNames } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { when } from '@/shared/when'
import type { Profile } from './CustomerPage'
import { arrival, sourceWord } from './events'
import { Points } from './Points'
import { ProfileForm } from './ProfileForm'

function Fact({ name, note, children }: { name: string; note?: string; children: ReactNode }) {
  return (
    <Flex gap={12} style={{ padding: '7px 0', borderBottom: '1px solid var(--siyu-line)' }}>
      <Typography.Text type="secondary" style={{ flex: '0 0 76px' }}>
        {name}
      </Typography.Text>
      <div style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        <div>{children}</div>
        {note && (
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {note}
          </Typography.Text>
        )}
      </div>
    </Flex>
  )
}

/** Whether the person agreed; not having been asked counts as no. */
function Consent({ kind, given }: { kind: string; given: boolean }) {
  const t = useSay()
  return (
    <Tag color={given ? 'green' : 'default'} icon={given ? <CheckOutlined /> : <MinusOutlined />}>
      {t(given ? 'consent.given' : 'consent.not_given', { what: t(`consent.${kind}`) })}
    </Tag>
  )
}

/** How far the person is, and when that ends if nothing more happens. */
function Standing({ customer }: { customer: number }) {
  const t = useSay()
  const names = useNames()
  const enabled = useMay('lifecycle.read')
  const [asking, setAsking] = useState(false)
  const { data: standing } = useQuery({
    queryKey: ['standing', customer],
    enabled,
    queryFn: () =>
      data(api.GET('/api/lifecycle/customers/{customer_id}', { params: { path: { customer_id: customer } } })),
  })
  if (!standing) return null
  const note = standing.by_hand
    ? t('customer.level_by_hand')
    : standing.falls_at && t('customer.level_falls', { at: when(standing.falls_at) })
  return (
    <Fact name={t('customer.lifecycle')} note={note || undefined}>
      {t('customer.level', { level: names.level(standing.level), score: number(standing.score) })}{' '}
      <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setAsking(true)}>
        {t('customer.points')}
      </Button>
      {asking && <Points customer={customer} close={() => setAsking(false)} />}
    </Fact>
  )
}

/** What is known of a person, with who wrote each value and when; how the person came; whom they follow. */
export function ProfileCard({ profile }: { profile: Profile }) {
  const t = useSay()
  const names = useNames()
  const definitions = useAttributes().data ?? []
  const [editing, setEditing] = useState(false)
  const mayWrite = useMay('customers.write')
  const written = new Map(profile.written_by.map((one) => [one.name, one]))
  const order = definitions.map((one) => one.name)
  const known = Object.keys(profile.attributes).sort((a, b) => order.indexOf(a) - order.indexOf(b))
  return (
    <Card
      title={t('customer.profile')}
      size="small"
      extra={
        mayWrite && (
          <Button type="link" size="small" onClick={() => setEditing(true)}>
            {t('customer.edit')}
          </Button>
        )
      }
    >
      {known.length === 0 && <Typography.Text type="secondary">{t('customer.no_attributes')}</Typography.Text>}
      {known.map((name) => {
        const by = written.get(name)
        const value = profile.attributes[name]
        return (
          <Fact
            key={name}
            name={names.attribute(name)}
            note={by ? t('customer.written', { source: sourceWord(by.source, names, t), at: when(by.at) }) : undefined}
          >
            {names.value(name, value)}
          </Fact>
        )
      })}
      {profile.first_touch && (
        <Fact name={t('customer.first_touch')} note={when(profile.first_touch.at)}>
          {arrival(`${profile.first_touch.kind}/${profile.first_touch.code}`, t)}
        </Fact>
      )}
      {profile.latest_touch && profile.latest_touch.at !== profile.first_touch?.at && (
        <Fact name={t('customer.latest_touch')} note={when(profile.latest_touch.at)}>
          {arrival(`${profile.latest_touch.kind}/${profile.latest_touch.code}`, t)}
        </Fact>
      )}
      <Standing customer={profile.customer_id} />
      {profile.follows.length > 0 && (
        <Fact name={t('customer.follows')}>
          {profile.follows.map((follow) => (
            <div key={`${follow.account_id}:${follow.staff}`}>
              {names.account(follow.account_id)}
              <br />
              <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                {!follow.following
                  ? t('customer.lost', { at: when(follow.lost_at) })
                  : follow.staff
                    ? t('customer.contact', { staff: names.contact(follow.staff), at: when(follow.followed_at) })
                    : t('customer.following', { at: when(follow.followed_at) })}
                {follow.remark ? ` · ${follow.remark}` : ''}
              </Typography.Text>
            </div>
          ))}
        </Fact>
      )}
      <Fact name={t('customer.consent')}>
        <Consent kind="contact" given={profile.contact_consent} />
        <Consent kind="profiling" given={profile.profiling_consent} />
      </Fact>
      <ProfileForm profile={profile} open={editing} close={() => setEditing(false)} />
    </Card>
  )
}
