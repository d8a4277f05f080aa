import { Button, Card, Flex, Tag, Typography } from 'antd'
import { type ReactNode, useState } from 'react'
import { useMay } from '@/app/session'
import { useAttributes, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { when } from '@/shared/when'
import type { Profile } from './CustomerPage'
import { arrival, sourceWord } from './events'
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
  const consents = [profile.contact_consent && 'contact', profile.profiling_consent && 'profiling'].filter(Boolean)
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
            {name === 'gender' ? t(`gender.${String(value)}`, { defaultValue: String(value) }) : String(value)}
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
                    ? t('customer.contact', { staff: follow.staff, at: when(follow.followed_at) })
                    : t('customer.following', { at: when(follow.followed_at) })}
                {follow.remark ? ` · ${follow.remark}` : ''}
              </Typography.Text>
            </div>
          ))}
        </Fact>
      )}
      {consents.length > 0 && (
        <Fact name={t('customer.consent')}>
          {consents.map((one) => (
            <Tag key={String(one)}>{t(`consent.${String(one)}`)}</Tag>
          ))}
        </Fact>
      )}
      <ProfileForm profile={profile} open={editing} close={() => setEditing(false)} />
    </Card>
  )
}
