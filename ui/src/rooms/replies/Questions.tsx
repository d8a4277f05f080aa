import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Card, Flex, Segmented, Table, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { ReplyForm, type Writing } from './ReplyForm'

type Question = components['schemas']['QuestionBody']
const STATES = ['open', 'dismissed', 'answered'] as const

/** What customers asked and nothing answered, most asked first. */
export function Questions() {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const may = useMay('replies.write')
  const [state, setState] = useState<(typeof STATES)[number]>('open')
  const [writing, setWriting] = useState<Writing | null>(null)
  const list = usePortions(['replies', 'questions', state], (cursor) =>
    data(api.GET('/api/replies/questions', { params: { query: { state, cursor, limit: 50 } } })),
  )
  const dismissing = useMutation({
    mutationFn: (question_id: number) =>
      data(api.POST('/api/replies/questions/{question_id}/dismiss', { params: { path: { question_id } } })),
    onSuccess: () => tell.done(t('question.dismissed')),
    onError: tell.failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['replies', 'questions'] }),
  })
  return (
    <Flex vertical gap={12}>
      <Segmented
        value={state}
        onChange={setState}
        options={STATES.map((value) => ({ value, label: t(`question.state.${value}`) }))}
        style={{ alignSelf: 'flex-start' }}
      />
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table<Question>
              rowKey="question_id"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: <Nothing title={t(`question.none.${state}`)} /> }}
              columns={[
                {
                  title: t('question.asked'),
                  render: (_, row) => (
                    <div style={{ maxWidth: 460, whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
                      {row.examples[0] ?? row.words}
                      {row.examples.slice(1, 3).map((one, place) => (
                        // biome-ignore lint/suspicious/noArrayIndexKey: messages may be equal, their order does not change
                        <Typography.Text key={place} type="secondary" style={{ display: 'block' }}>
                          {one}
                        </Typography.Text>
                      ))}
                    </div>
                  ),
                },
                { title: t('question.count'), align: 'right', render: (_, row) => number(row.count) },
                { title: t('question.last'), responsive: ['sm'], render: (_, row) => when(row.last_at) },
                {
                  render: (_, row) =>
                    may &&
                    state === 'open' && (
                      <Flex gap={4}>
                        <Button
                          size="small"
                          type="primary"
                          onClick={() =>
                            setWriting({
                              reply: null,
                              words: [(row.examples[0] ?? row.words).slice(0, 100)],
                              question: row.question_id,
                            })
                          }
                        >
                          {t('question.answer')}
                        </Button>
                        <Button
                          size="small"
                          loading={dismissing.isPending && dismissing.variables === row.question_id}
                          onClick={() => dismissing.mutate(row.question_id)}
                        >
                          {t('question.dismiss')}
                        </Button>
                      </Flex>
                    ),
                },
              ]}
            />
            <More list={list} />
          </Card>
        )}
      </Loaded>
      {writing && <ReplyForm writing={writing} close={() => setWriting(null)} />}
    </Flex>
  )
}
