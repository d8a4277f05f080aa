import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { App, Button, Card, Flex, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { contradictions } from './contradictions'

type Case = components['schemas']['CaseOut']

export function Cases({ mayWrite }: { mayWrite: boolean }) {
  const t = useSay()
  const list = usePortions(['cases', 'open'], (cursor) =>
    data(api.GET('/api/customers/cases', { params: { query: { state: 'open', cursor, limit: 20 } } })),
  )
  return (
    <Loaded query={{ ...list, data: list.rows }}>
      {(rows) =>
        rows.length === 0 ? (
          <Nothing title={t('reviews.none')} />
        ) : (
          <Flex vertical gap={16}>
            {rows.map((one) => (
              <CaseCard key={one.case_id} one={one} mayWrite={mayWrite} />
            ))}
            <More list={list} />
          </Flex>
        )
      }
    </Loaded>
  )
}

function CaseCard({ one, mayWrite }: { one: Case; mayWrite: boolean }) {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const against = contradictions(one.members)
  const shared = new Set(one.shared.map((value) => `${value.kind}:${value.value}`))
  const deciding = useMutation({
    mutationFn: (verdict: 'same' | 'different') =>
      data(
        api.POST('/api/customers/cases/{case_id}/decision', {
          params: { path: { case_id: one.case_id } },
          body: { verdict },
        }),
      ),
    onSuccess: async () => {
      tell.done(t('review.decided'))
      await client.invalidateQueries({ queryKey: ['cases'] })
      await client.invalidateQueries({ queryKey: ['decisions'] })
    },
    onError: tell.failed,
  })
  const ask = (verdict: 'same' | 'different') =>
    modal.confirm({
      title: t(`review.${verdict}`),
      content: t(`review.${verdict}_means`),
      okText: t(`review.${verdict}`),
      onOk: () => deciding.mutateAsync(verdict).catch(() => undefined),
    })
  return (
    <Card
      size="small"
      title={t('review.case', { id: one.case_id, at: when(one.opened_at) })}
      extra={
        mayWrite && (
          <Flex gap={8}>
            <Button onClick={() => ask('different')}>{t('review.different')}</Button>
            <Button type="primary" onClick={() => ask('same')}>
              {t('review.same')}
            </Button>
          </Flex>
        )
      }
    >
      <Flex gap={8} wrap style={{ marginBottom: 12 }}>
        {one.shared.map((value) => (
          <Tag key={`${value.kind}:${value.value}`} color="green">
            {t('review.shared', { kind: t(`identity.${value.kind}`) })} {value.value ?? ''}
          </Tag>
        ))}
      </Flex>
      <div style={{ display: 'grid', gap: 12, gridTemplateColumns: 'repeat(auto-fit, minmax(240px, 1fr))' }}>
        {one.members.map((member) => (
          <Card
            key={member.customer_id}
            size="small"
            type="inner"
            title={
              <Link to="/customers/$id" params={{ id: String(member.customer_id) }}>
                {member.name ?? t('review.nameless')} · {t('review.side', { id: member.customer_id })}
              </Link>
            }
          >
            {member.identities.map((known) => {
              const joint = shared.has(`${known.kind}:${known.value}`)
              const clash = against.has(`${known.kind}:${known.scope}`)
              return (
                <div
                  key={`${known.kind}:${known.scope}:${known.value}`}
                  style={{
                    padding: '6px 8px',
                    marginBottom: 4,
                    borderRadius: 4,
                    background: clash ? '#fff1f0' : joint ? '#edf8f3' : undefined,
                  }}
                >
                  <Tag color={clash ? 'red' : joint ? 'green' : 'default'}>
                    {t(`identity.${known.kind}`, { defaultValue: known.kind })}
                  </Tag>
                  <span style={{ overflowWrap: 'anywhere' }}>{known.value}</span>
                  {clash && <Typography.Text type="danger"> {t('review.contradicts')}</Typography.Text>}
                  <br />
                  <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                    {known.sources.map((source) => sourceWord(source, names, t)).join(t('shared.comma'))}
                  </Typography.Text>
                </div>
              )
            })}
          </Card>
        ))}
      </div>
    </Card>
  )
}
