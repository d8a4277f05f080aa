import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Card, Flex, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { sourceWord } from './events'

type Known = components['schemas']['KnownOut']

/** By which values the person is known, what joined them, and a way to part what does not belong together. */
export function Identities({ id, clear }: { id: number; clear: boolean }) {
  const t = useSay()
  const { modal } = App.useApp()
  const names = useNames()
  const tell = useTell()
  const client = useQueryClient()
  const mayWrite = useMay('customers.write')
  const query = useQuery({
    queryKey: ['customer', id, 'identities', clear],
    queryFn: () =>
      data(
        api.GET('/api/customers/{customer_id}/identities', { params: { path: { customer_id: id }, query: { clear } } }),
      ),
  })
  const decisions = useQuery({
    queryKey: ['customer', id, 'decisions'],
    queryFn: async () =>
      (await data(api.GET('/api/customers/decisions', { params: { query: { customer_id: id, limit: 20 } } }))).items,
  })
  const parting = useMutation({
    mutationFn: (origin: number) =>
      data(
        api.POST('/api/customers/{customer_id}/separations', {
          params: { path: { customer_id: id } },
          body: { origins: [origin] },
        }),
      ),
    onSuccess: async () => {
      tell.done(t('customer.separated'))
      await client.invalidateQueries({ queryKey: ['customer', id] })
    },
    onError: tell.failed,
  })

  const undoing = useMutation({
    mutationFn: (decision_id: number) =>
      data(api.DELETE('/api/customers/decisions/{decision_id}', { params: { path: { decision_id } } })),
    onSuccess: async () => {
      tell.done(t('review.undone'))
      await client.invalidateQueries({ queryKey: ['customer'] })
      await client.invalidateQueries({ queryKey: ['cases'] })
      await client.invalidateQueries({ queryKey: ['decisions'] })
    },
    onError: tell.failed,
  })
  const askUndo = (decision: number) =>
    modal.confirm({
      title: t('review.undo_ask'),
      content: t('review.undo_means'),
      okText: t('review.undo'),
      onOk: () => undoing.mutateAsync(decision).catch(() => undefined),
    })

  function ask(origin: number) {
    modal.confirm({
      title: t('customer.separate_ask', { id: origin }),
      content: t('customer.separate_means'),
      okButtonProps: { danger: true },
      okText: t('customer.separate'),
      onOk: () => parting.mutateAsync(origin).catch(() => undefined),
    })
  }

  return (
    <Card title={t('customer.identities')} size="small">
      <Loaded query={query}>
        {(all) => {
          const groups = new Map<number, Known[]>()
          for (const one of all) groups.set(one.origin_id, [...(groups.get(one.origin_id) ?? []), one])
          return (
            <Flex vertical gap={10}>
              {[...groups].map(([origin, list]) => (
                <div key={origin}>
                  {groups.size > 1 && (
                    <Flex justify="space-between" align="center">
                      <Typography.Text strong>{t('customer.group', { id: origin })}</Typography.Text>
                      {mayWrite && (
                        <Button size="small" type="link" danger onClick={() => ask(origin)}>
                          {t('customer.separate')}
                        </Button>
                      )}
                    </Flex>
                  )}
                  {list.map((one) => (
                    <div key={`${one.kind}:${one.scope}:${one.value}`} style={{ padding: '4px 0' }}>
                      <Tag>{t(`identity.${one.kind}`, { defaultValue: one.kind })}</Tag>
                      <Typography.Text style={{ overflowWrap: 'anywhere' }}>
                        {one.value ?? t('customer.erased_value')}
                      </Typography.Text>
                      <br />
                      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                        {one.sources.length > 1
                          ? t('customer.bridge', {
                              sources: one.sources
                                .map((source) => sourceWord(source, names, t))
                                .join(t('shared.comma')),
                            })
                          : one.sources.map((source) => sourceWord(source, names, t)).join(t('shared.comma'))}
                      </Typography.Text>
                    </div>
                  ))}
                </div>
              ))}
            </Flex>
          )
        }}
      </Loaded>
      {decisions.data && decisions.data.length > 0 && (
        <div style={{ marginTop: 8 }}>
          <Typography.Text strong>{t('customer.decisions')}</Typography.Text>
          {decisions.data.map((one) => (
            <Flex key={one.decision_id} justify="space-between" align="center" gap={8}>
              <Typography.Text type="secondary" delete={one.undone_at !== null}>
                {t(`review.said_${one.verdict}`)} · {when(one.decided_at)} · {sourceWord(one.actor, names, t)}
              </Typography.Text>
              {mayWrite && one.undone_at === null && (
                <Button size="small" type="link" onClick={() => askUndo(one.decision_id)}>
                  {t('review.undo')}
                </Button>
              )}
            </Flex>
          ))}
        </div>
      )}
    </Card>
  )
}
