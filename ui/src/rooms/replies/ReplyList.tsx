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
import type { Reply } from './drafts'
import { ReplyForm, type Writing } from './ReplyForm'
import { SaidShown } from './Said'
import { TryBox } from './TryBox'

/** The automatic replies, and a box that says what would be answered. */
export function ReplyList() {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const audience = useAudience()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const may = useMay('replies.write')
  const [writing, setWriting] = useState<Writing | null>(null)
  const list = useQuery({ queryKey: ['replies', 'list'], queryFn: () => data(api.GET('/api/replies')) })
  const deleting = useMutation({
    mutationFn: (reply_id: number) => data(api.DELETE('/api/replies/{reply_id}', { params: { path: { reply_id } } })),
    onSuccess: () => tell.done(t('replies.deleted')),
    onError: tell.failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['replies'] }),
  })
  const add = (
    <Button type="primary" onClick={() => setWriting({ reply: null })}>
      {t('replies.new')}
    </Button>
  )
  return (
    <Flex vertical gap={12}>
      <TryBox />
      <Loaded query={list}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }} title={t('replies.list')} extra={may && rows.length > 0 && add}>
            <Table<Reply>
              rowKey="reply_id"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: <Nothing title={t('replies.none')}>{may && add}</Nothing> }}
              columns={[
                {
                  title: t('replies.name'),
                  render: (_, row) => (
                    <>
                      <div>{row.name}</div>
                      <Typography.Text type="secondary">{t(`replies.kind.${row.kind}`)}</Typography.Text>
                    </>
                  ),
                },
                {
                  title: t('replies.words'),
                  render: (_, row) => (
                    <Flex wrap gap={4} style={{ maxWidth: 280 }}>
                      {row.kind === 'keyword' && <Tag>{t(`replies.match.${row.match}`)}</Tag>}
                      {row.words.slice(0, 6).map((word) => (
                        <span key={word}>“{word}”</span>
                      ))}
                      {row.words.length > 6 && <span>{t('replies.words_more', { count: row.words.length })}</span>}
                    </Flex>
                  ),
                },
                { title: t('replies.said'), render: (_, row) => <SaidShown {...row} /> },
                {
                  title: t('replies.audience'),
                  responsive: ['md'],
                  render: (_, row) => (
                    <>
                      <div>{audience(row.condition, t('replies.everybody'))}</div>
                      {row.account_id !== null && (
                        <Typography.Text type="secondary">{names.account(row.account_id)}</Typography.Text>
                      )}
                    </>
                  ),
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
                        <Button size="small" onClick={() => setWriting({ reply: row })}>
                          {t('replies.edit')}
                        </Button>
                        <Button
                          size="small"
                          danger
                          type="text"
                          onClick={() =>
                            modal.confirm({
                              title: t('replies.delete_ask', { name: row.name }),
                              okText: t('shared.delete'),
                              okButtonProps: { danger: true },
                              onOk: () => deleting.mutateAsync(row.reply_id).catch(() => undefined),
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
          </Card>
        )}
      </Loaded>
      {writing && <ReplyForm writing={writing} close={() => setWriting(null)} />}
    </Flex>
  )
}
