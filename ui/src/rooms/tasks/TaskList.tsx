import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { App, Button, Card, Flex, Input, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'

type Task = components['schemas']['TaskBody']
type Act = 'done' | 'replied' | 'hand-back'
const KNOWN = new Set(['no_reply', 'reply_unknown', 'no_answer', 'birthday', 'holiday'])

/** One's staff tasks of today, fit for a phone: each with why, the words to say, and one tap to end it. */
export function TaskList() {
  const t = useSay()
  const list = usePortions(['tasks', 'today'], (cursor) =>
    data(api.GET('/api/tasks/today', { params: { query: { cursor, limit: 20 } } })),
  )
  return (
    <Loaded query={{ ...list, data: list.rows }}>
      {(rows) => (
        <Flex vertical gap={8}>
          <Counts />
          {rows.length === 0 && <Nothing title={t('tasks.none')} />}
          {rows.map((task) => (
            <TaskCard key={task.task_id} task={task} />
          ))}
          <More list={list} />
        </Flex>
      )}
    </Loaded>
  )
}

function Counts() {
  const t = useSay()
  const today = useQuery({
    queryKey: ['tasks', 'counts'],
    queryFn: async () => (await data(api.GET('/api/tasks/today', { params: { query: { limit: 1 } } }))).counts,
  })
  if (!today.data) return null
  const { open, overdue, done, replied } = today.data
  return (
    <Typography.Text type="secondary">
      {[
        t('tasks.open', { count: open }),
        ...(overdue ? [t('tasks.overdue', { count: overdue })] : []),
        t('tasks.did', { count: done + replied }),
      ].join(' · ')}
    </Typography.Text>
  )
}

function TaskCard({ task }: { task: Task }) {
  const t = useSay()
  const tell = useTell()
  const { modal, message } = App.useApp()
  const client = useQueryClient()
  const may = useMay('tasks.write')
  const acting = useMutation({
    mutationFn: ({ act, note }: { act: Act; note?: string }) => {
      const params = { path: { task_id: task.task_id } }
      if (act === 'replied') return data(api.POST('/api/tasks/{task_id}/replied', { params }))
      const body = { note: note ?? '' }
      return act === 'done'
        ? data(api.POST('/api/tasks/{task_id}/done', { params, body }))
        : data(api.POST('/api/tasks/{task_id}/hand-back', { params, body }))
    },
    onSuccess: (_, { act }) => tell.done(t(`tasks.now.${act}`)),
    onError: tell.failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  })
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(task.say)
      void message.success(t('tasks.copied'))
    } catch {
      void message.error(t('tasks.not_copied'))
    }
  }
  const handBack = () => {
    let note = ''
    modal.confirm({
      title: t('tasks.hand_back_ask'),
      content: (
        <Input.TextArea
          rows={2}
          maxLength={500}
          aria-label={t('tasks.note')}
          placeholder={t('tasks.note')}
          onChange={(event) => {
            note = event.target.value
          }}
        />
      ),
      okText: t('tasks.hand_back'),
      onOk: () => acting.mutateAsync({ act: 'hand-back', note }).catch(() => undefined),
    })
  }
  const why = KNOWN.has(task.why) ? t(`tasks.why.${task.why}`) : task.why
  const late = task.expires_at !== null ? t('tasks.until', { time: when(task.expires_at) }) : ''
  return (
    <Card size="small" data-testid="task">
      <Flex justify="space-between" align="baseline" gap={8}>
        <Link to="/customers/$id" params={{ id: String(task.customer_id) }} style={{ fontWeight: 600, minWidth: 0 }}>
          {task.customer ?? t('customer.nameless', { id: task.customer_id })}
        </Link>
        <Tag style={{ marginInlineEnd: 0 }}>{t(`task.${task.kind}`)}</Tag>
      </Flex>
      {task.title && <div>{task.title}</div>}
      {why && <Typography.Text type="secondary">{why}</Typography.Text>}
      {task.detail && <blockquote style={{ margin: '4px 0', overflowWrap: 'anywhere' }}>“{task.detail}”</blockquote>}
      {task.say && (
        <Flex
          gap={8}
          align="flex-start"
          style={{ background: 'var(--siyu-line)', borderRadius: 6, padding: 8, margin: '8px 0' }}
        >
          <span style={{ flex: 1, whiteSpace: 'pre-line', overflowWrap: 'anywhere' }}>{task.say}</span>
          <Button size="small" onClick={() => void copy()}>
            {t('tasks.copy')}
          </Button>
        </Flex>
      )}
      <Typography.Text type="secondary" style={{ fontSize: 12 }}>
        {[t('tasks.since', { time: when(task.due_at) }), late].filter(Boolean).join(' · ')}
      </Typography.Text>
      {may && (
        <Flex gap={8} wrap style={{ marginTop: 8 }}>
          <Button type="primary" loading={acting.isPending} onClick={() => acting.mutate({ act: 'done' })}>
            {t('tasks.done')}
          </Button>
          <Button disabled={acting.isPending} onClick={() => acting.mutate({ act: 'replied' })}>
            {t('tasks.replied')}
          </Button>
          <Button type="text" disabled={acting.isPending} onClick={handBack}>
            {t('tasks.hand_back')}
          </Button>
        </Flex>
      )}
    </Card>
  )
}
