import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { App, Button, Card, Flex, Table, type TableColumnsType, Tag, Typography } from 'antd'
import { type ReactNode, useState } from 'react'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { useAudience } from './Audience'
import type { Condition } from './drafts'
import { SaidShown } from './Said'

/** What welcomes, automatic replies and greetings have in common. */
interface Rule {
  name: string
  text: string | null
  content_id: number | null
  condition: Condition
  active: boolean
}

/** A list of what Siyu says by itself: written, changed and deleted in place. */
export function RuleList<Row extends Rule>({
  words,
  id,
  load,
  remove,
  about,
  before = [],
  between = [],
  whom,
  state,
  form,
  below,
}: {
  /** The prefix of its words: `.list`, `.none`, `.new`, `.delete_means`. */
  words: 'welcome' | 'replies' | 'greeting'
  id: (row: Row) => number
  load: () => Promise<Row[]>
  remove: (id: number) => Promise<unknown>
  /** What stands below the name. */
  about: (row: Row) => ReactNode
  /** Columns before and after what is said. */
  before?: TableColumnsType<Row>
  between?: TableColumnsType<Row>
  /** What stands below for whom it is. */
  whom?: (row: Row) => ReactNode
  /** In place of on and off. */
  state?: TableColumnsType<Row>[number]
  form: (row: Row | null, close: () => void) => ReactNode
  below?: (rows: Row[]) => ReactNode
}) {
  const t = useSay()
  const tell = useTell()
  const audience = useAudience()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const may = useMay('replies.write')
  const [writing, setWriting] = useState<{ row: Row | null } | null>(null)
  const list = useQuery({ queryKey: ['replies', words], queryFn: load })
  const deleting = useMutation({
    mutationFn: remove,
    onSuccess: () => tell.done(t('replies.deleted')),
    onError: tell.failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['replies'] }),
  })
  const ask = (row: Row) =>
    modal.confirm({
      title: t('replies.delete_ask', { name: row.name }),
      content: t(`${words}.delete_means`),
      okText: t('shared.delete'),
      okButtonProps: { danger: true },
      onOk: () => deleting.mutateAsync(id(row)).catch(() => undefined),
    })
  const add = (
    <Button type="primary" onClick={() => setWriting({ row: null })}>
      {t(`${words}.new`)}
    </Button>
  )
  const columns: TableColumnsType<Row> = [
    {
      title: t('replies.name'),
      render: (_, row) => (
        <>
          <div>{row.name}</div>
          <Typography.Text type="secondary">{about(row)}</Typography.Text>
        </>
      ),
    },
    ...before,
    { title: t('replies.said'), render: (_, row) => <SaidShown {...row} /> },
    ...between,
    {
      title: t('replies.audience'),
      responsive: ['md'],
      render: (_, row) => (
        <>
          <div>{audience(row.condition, t('replies.everybody'))}</div>
          {whom && <Typography.Text type="secondary">{whom(row)}</Typography.Text>}
        </>
      ),
    },
    state ?? {
      title: t('replies.state'),
      render: (_, row) => (
        <Tag color={row.active ? 'green' : 'default'}>{t(row.active ? 'replies.on' : 'replies.off')}</Tag>
      ),
    },
    {
      render: (_, row) =>
        may && (
          <Flex gap={4}>
            <Button size="small" onClick={() => setWriting({ row })}>
              {t('replies.edit')}
            </Button>
            <Button size="small" danger type="text" onClick={() => ask(row)}>
              {t('shared.delete')}
            </Button>
          </Flex>
        ),
    },
  ]
  return (
    <Loaded query={list}>
      {(rows) => (
        <Flex vertical gap={16}>
          <Card styles={{ body: { padding: 0 } }} title={t(`${words}.list`)} extra={may && rows.length > 0 && add}>
            <Table<Row>
              rowKey={id}
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: <Nothing title={t(`${words}.none`)}>{may && add}</Nothing> }}
              columns={columns}
            />
          </Card>
          {below?.(rows)}
          {writing && form(writing.row, () => setWriting(null))}
        </Flex>
      )}
    </Loaded>
  )
}
