import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Card, Flex, Table, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { useAudience } from './Audience'
import { greetsAgain, type Welcome } from './drafts'
import { useServiceAccounts } from './Refs'
import { SaidShown } from './Said'
import { WelcomeForm } from './WelcomeForm'

/** The welcomes: who is greeted with what, and when again. */
export function Welcomes() {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const audience = useAudience()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const may = useMay('replies.write')
  const [writing, setWriting] = useState<{ welcome: Welcome | null } | null>(null)
  const list = useQuery({ queryKey: ['replies', 'welcomes'], queryFn: () => data(api.GET('/api/replies/welcomes')) })
  const services = useServiceAccounts(list.data?.some((one) => one.scope === 'kf_account') ?? false).found
  const deleting = useMutation({
    mutationFn: (welcome_id: number) =>
      data(api.DELETE('/api/replies/welcomes/{welcome_id}', { params: { path: { welcome_id } } })),
    onSuccess: () => tell.done(t('replies.deleted')),
    onError: tell.failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['replies'] }),
  })
  const whom = (row: Welcome) => {
    if (row.scope === 'staff') return t('welcome.of.staff', { name: names.contact(row.ref) })
    if (row.scope === 'kf_account') return t('welcome.of.kf_account', { name: services.get(row.ref) || row.ref })
    if (row.scope === 'account') return t('welcome.of.account', { name: names.account(row.ref) })
    return t(`welcome.of.${row.scope}`, { name: row.ref })
  }
  const add = (
    <Button type="primary" onClick={() => setWriting({ welcome: null })}>
      {t('welcome.new')}
    </Button>
  )
  return (
    <Loaded query={list}>
      {(rows) => (
        <Card styles={{ body: { padding: 0 } }} title={t('welcome.list')} extra={may && rows.length > 0 && add}>
          <Table<Welcome>
            rowKey="welcome_id"
            dataSource={rows}
            pagination={false}
            scroll={{ x: 'max-content' }}
            locale={{ emptyText: <Nothing title={t('welcome.none')}>{may && add}</Nothing> }}
            columns={[
              {
                title: t('replies.name'),
                render: (_, row) => (
                  <>
                    <div>{row.name}</div>
                    <Typography.Text type="secondary">{whom(row)}</Typography.Text>
                  </>
                ),
              },
              { title: t('replies.said'), render: (_, row) => <SaidShown {...row} /> },
              {
                title: t('welcome.again'),
                render: (_, row) =>
                  row.second_after_minutes === null
                    ? t(greetsAgain(row.scope) ? 'welcome.never' : 'welcome.once')
                    : t('welcome.after', { count: row.second_after_minutes }),
              },
              {
                title: t('replies.audience'),
                responsive: ['md'],
                render: (_, row) => audience(row.condition, t('replies.everybody')),
              },
              {
                title: t('replies.state'),
                render: (_, row) => (
                  <Tag color={row.active ? 'green' : 'default'}>{t(row.active ? 'replies.on' : 'replies.off')}</Tag>
                ),
              },
              {
                render: (_, row) =>
                  may && (
                    <Flex gap={4}>
                      <Button size="small" onClick={() => setWriting({ welcome: row })}>
                        {t('replies.edit')}
                      </Button>
                      <Button
                        size="small"
                        danger
                        type="text"
                        onClick={() =>
                          modal.confirm({
                            title: t('replies.delete_ask', { name: row.name }),
                            content: t('welcome.delete_means'),
                            okText: t('shared.delete'),
                            okButtonProps: { danger: true },
                            onOk: () => deleting.mutateAsync(row.welcome_id).catch(() => undefined),
                          })
                        }
                      >
                        {t('shared.delete')}
                      </Button>
                    </Flex>
                  ),
              },
            ]}
          />
          {writing && <WelcomeForm welcome={writing.welcome} close={() => setWriting(null)} />}
        </Card>
      )}
    </Loaded>
  )
}
