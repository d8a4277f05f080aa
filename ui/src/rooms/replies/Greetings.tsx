import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { App, Button, Card, Flex, Table, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useAttributes, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { day, when } from '@/shared/when'
import { useAudience } from './Audience'
import { GreetingForm } from './GreetingForm'
import { type Greeting, occasionWord } from './greetings'
import { SaidShown } from './Said'

type Coming = components['schemas']['ComingBody']

/** The greetings on birthdays and festivals, and who gets them in the next days. */
export function Greetings() {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const audience = useAudience()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const may = useMay('replies.write')
  const [writing, setWriting] = useState<{ greeting: Greeting | null } | null>(null)
  const titles = new Map(useAttributes().data?.map((one) => [one.name, one.title]))
  const list = useQuery({ queryKey: ['replies', 'greetings'], queryFn: () => data(api.GET('/api/replies/greetings')) })
  const deleting = useMutation({
    mutationFn: (greeting_id: number) =>
      data(api.DELETE('/api/replies/greetings/{greeting_id}', { params: { path: { greeting_id } } })),
    onSuccess: () => tell.done(t('replies.deleted')),
    onError: tell.failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['replies'] }),
  })
  const add = (
    <Button type="primary" onClick={() => setWriting({ greeting: null })}>
      {t('greeting.new')}
    </Button>
  )
  const how = (row: Greeting) =>
    row.ways.length === 0
      ? t('greeting.by.task')
      : row.ways.map((way) => `${t(`route.${way.route}`)}（${names.account(way.account_id)}）`).join(' → ')
  return (
    <Loaded query={list}>
      {(rows) => (
        <Flex vertical gap={16}>
          <Card styles={{ body: { padding: 0 } }} title={t('greeting.list')} extra={may && rows.length > 0 && add}>
            <Table<Greeting>
              rowKey="greeting_id"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: <Nothing title={t('greeting.none')}>{may && add}</Nothing> }}
              columns={[
                {
                  title: t('replies.name'),
                  render: (_, row) => (
                    <>
                      <div>{row.name}</div>
                      <Typography.Text type="secondary">
                        {occasionWord(t, row.occasion, (name) => titles.get(name) ?? name)}
                      </Typography.Text>
                    </>
                  ),
                },
                { title: t('replies.said'), render: (_, row) => <SaidShown {...row} /> },
                {
                  title: t('greeting.how'),
                  render: (_, row) => (
                    <>
                      <div>{row.at}</div>
                      <Typography.Text type="secondary">{how(row)}</Typography.Text>
                    </>
                  ),
                },
                {
                  title: t('replies.audience'),
                  responsive: ['lg'],
                  render: (_, row) => audience(row.condition, t('replies.everybody')),
                },
                {
                  title: t('greeting.next'),
                  render: (_, row) =>
                    row.active ? (
                      <span style={{ whiteSpace: 'nowrap' }}>{when(row.next_at)}</span>
                    ) : (
                      <Tag>{t('replies.off')}</Tag>
                    ),
                },
                {
                  render: (_, row) =>
                    may && (
                      <Flex gap={4}>
                        <Button size="small" onClick={() => setWriting({ greeting: row })}>
                          {t('replies.edit')}
                        </Button>
                        <Button
                          size="small"
                          danger
                          type="text"
                          onClick={() =>
                            modal.confirm({
                              title: t('replies.delete_ask', { name: row.name }),
                              content: t('greeting.delete_means'),
                              okText: t('shared.delete'),
                              okButtonProps: { danger: true },
                              onOk: () => deleting.mutateAsync(row.greeting_id).catch(() => undefined),
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
            {writing && <GreetingForm greeting={writing.greeting} close={() => setWriting(null)} />}
          </Card>
          {rows.length > 0 && <ComingDays />}
        </Flex>
      )}
    </Loaded>
  )
}

/** Who will be greeted in the next days. */
function ComingDays() {
  const t = useSay()
  const enabled = useMay('customers.read')
  const coming = useQuery({
    queryKey: ['replies', 'greetings', 'coming'],
    enabled,
    queryFn: () => data(api.GET('/api/replies/greetings/coming', { params: { query: { days: 7 } } })),
  })
  if (!enabled) return null
  return (
    <Card
      title={t('greeting.coming')}
      extra={<Typography.Text type="secondary">{t('greeting.coming_hint')}</Typography.Text>}
    >
      <Loaded query={coming}>
        {(found) =>
          found.length === 0 ? (
            <Nothing title={t('greeting.coming_none')} />
          ) : (
            <Flex vertical gap={12}>
              {found.map((one) => (
                <div key={`${one.greeting_id} ${one.day}`}>
                  <Typography.Text strong>{day(one.day)}</Typography.Text>{' '}
                  {t('greeting.coming_one', { name: one.name, count: one.people })}
                  <People one={one} />
                </div>
              ))}
            </Flex>
          )
        }
      </Loaded>
    </Card>
  )
}

function People({ one }: { one: Coming }) {
  const t = useSay()
  const more = one.people - one.first.length
  return (
    <Flex wrap gap={4} style={{ marginTop: 4 }}>
      {one.first.map((person) => (
        <Link key={person.customer_id} to="/customers/$id" params={{ id: String(person.customer_id) }}>
          <Tag style={{ margin: 0, cursor: 'pointer' }}>{person.name || `#${person.customer_id}`}</Tag>
        </Link>
      ))}
      {more > 0 && <Typography.Text type="secondary">{t('greeting.more', { count: more })}</Typography.Text>}
    </Flex>
  )
}
