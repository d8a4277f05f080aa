import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Flex, Switch, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Group } from './parts'
import { type SyncAccount, useSync } from './useSync'

/** Which accounts are told of a group: a switch each. */
export function GroupSync({ group }: { group: Group }) {
  const t = useSay()
  const accounts = useSync().data ?? []
  if (accounts.length === 0) return null
  return (
    <section>
      <Typography.Title level={5} style={{ margin: '0 0 4px' }}>
        {t('tags.sync_to')}
      </Typography.Title>
      <Typography.Paragraph type="secondary">{t('tags.sync_hint')}</Typography.Paragraph>
      <Flex vertical gap={8}>
        {accounts.map((account) => (
          <One key={account.account_id} group={group} account={account} />
        ))}
      </Flex>
    </section>
  )
}

function One({ group, account }: { group: Group; account: SyncAccount }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const place = group.places.find((one) => one.account_id === account.account_id)
  const switching = useMutation({
    mutationFn: (outward: boolean) =>
      data(
        api.PUT('/api/tags/groups/{group_id}/sync', {
          params: { path: { group_id: group.group_id } },
          body: { account_id: account.account_id, outward },
        }),
      ),
    onSuccess: async (_, outward) => {
      tell.done(t(outward ? 'tags.sync_on' : 'tags.sync_off', { account: account.name }))
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: tell.failed,
  })
  const only = place?.rights === 'read'
  return (
    <Flex gap={12} align="start">
      <Switch
        checked={place?.outward ?? false}
        disabled={only}
        loading={switching.isPending}
        aria-label={t('tags.sync_group', { group: group.name, account: account.name })}
        onChange={(outward) => switching.mutate(outward)}
      />
      <div>
        {account.name}
        <br />
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {t(only ? 'tags.sync_read' : `tags.sync_limit.${account.kind}`)}
        </Typography.Text>
      </div>
    </Flex>
  )
}
