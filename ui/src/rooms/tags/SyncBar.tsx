import { SyncOutlined } from '@ant-design/icons'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Tag as Mark, Typography } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { useProblem } from './parts'
import { type SyncAccount, useSync } from './useSync'

/** How each account stands: compared when, of how many customers it is still to be told, and why of some it could not
 * be. Without accounts there is nothing to say. */
export function SyncBar() {
  const accounts = useSync().data ?? []
  return accounts.length === 0 ? null : (
    <Card size="small" style={{ marginBottom: 12 }} styles={{ body: { padding: '8px 16px' } }}>
      <Flex vertical gap={6}>
        {accounts.map((account) => (
          <Account key={account.account_id} account={account} />
        ))}
      </Flex>
    </Card>
  )
}

function Account({ account }: { account: SyncAccount }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const problem = useProblem()
  const mayWrite = useMay('tags.write')
  const comparing = useMutation({
    mutationFn: () => data(api.POST('/api/tags/sync/compare', { body: { account_id: account.account_id } })),
    onSuccess: async () => {
      tell.done(t('tags.comparing'))
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: tell.failed,
  })
  return (
    <div>
      <Flex wrap gap="4px 12px" align="center">
        <Typography.Text strong>{account.name}</Typography.Text>
        <Typography.Text type="secondary">
          {account.looked_at ? t('tags.compared', { at: when(account.looked_at) }) : t('tags.not_compared')}
        </Typography.Text>
        {account.waiting > 0 && <Mark color="processing">{t('tags.waiting', { n: number(account.waiting) })}</Mark>}
        {account.failed > 0 && <Mark color="warning">{t('tags.untold', { n: number(account.failed) })}</Mark>}
        {account.looked_at && !account.problem && account.waiting + account.failed === 0 && (
          <Mark color="success">{t('tags.in_step')}</Mark>
        )}
        {mayWrite && (
          <Button
            type="link"
            size="small"
            icon={<SyncOutlined />}
            aria-label={t('tags.compare_with', { account: account.name })}
            loading={comparing.isPending}
            onClick={() => comparing.mutate()}
          >
            {t('tags.compare')}
          </Button>
        )}
      </Flex>
      {account.problem && <Alert type="warning" showIcon title={t('tags.compare_failed', { why: account.problem })} />}
      {account.problems.map((one) => (
        <Typography.Text key={`${one.problem}${one.waits}`} type="secondary" style={{ display: 'block' }}>
          {t(one.waits ? 'tags.untold_waits' : 'tags.untold_why', {
            n: number(one.customers),
            why: problem(one.problem),
          })}
        </Typography.Text>
      ))}
    </div>
  )
}
