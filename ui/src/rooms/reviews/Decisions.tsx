import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { App, Button, Card, Table, Tag, Typography } from 'antd'
import { Fragment } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'

type Decision = components['schemas']['DecisionOut']

/** What people said about who is who; each can be taken back. */
export function Decisions({ mayWrite }: { mayWrite: boolean }) {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const { modal } = App.useApp()
  const client = useQueryClient()
  const list = usePortions(['decisions'], (cursor) =>
    data(api.GET('/api/customers/decisions', { params: { query: { cursor, limit: 50 } } })),
  )
  const undoing = useMutation({
    mutationFn: (decision_id: number) =>
      data(api.DELETE('/api/customers/decisions/{decision_id}', { params: { path: { decision_id } } })),
    onSuccess: () => tell.done(t('review.undone')),
    onError: tell.failed,
    // Also when somebody else was quicker: the list then shows it.
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: ['cases'] })
      await client.invalidateQueries({ queryKey: ['decisions'] })
      await client.invalidateQueries({ queryKey: ['customer'] })
      await client.invalidateQueries({ queryKey: ['customers'] })
    },
  })
  const ask = (decision_id: number) =>
    modal.confirm({
      title: t('review.undo_ask'),
      content: t('review.undo_means'),
      okText: t('review.undo'),
      onOk: () => undoing.mutateAsync(decision_id).catch(() => undefined),
    })
  return (
    <Loaded query={{ ...list, data: list.rows }}>
      {(rows) => (
        <Card styles={{ body: { padding: 0 } }}>
          <Table
            rowKey="decision_id"
            dataSource={rows}
            pagination={false}
            scroll={{ x: 'max-content' }}
            locale={{ emptyText: <Nothing title={t('reviews.no_decisions')} /> }}
            columns={[
              {
                title: t('review.verdict'),
                width: 140,
                render: (_, row) => (
                  <Tag color={row.undone_at ? 'default' : row.verdict === 'same' ? 'green' : 'blue'}>
                    <Typography.Text delete={row.undone_at !== null} type={row.undone_at ? 'secondary' : undefined}>
                      {t(`review.said_${row.verdict}`)}
                    </Typography.Text>
                  </Tag>
                ),
              },
              {
                title: t('review.people'),
                render: (_, row) => (
                  <>
                    <People of={row} />
                    {row.case_id === null && <Typography.Text type="secondary"> {t('review.by_hand')}</Typography.Text>}
                  </>
                ),
              },
              { title: t('review.by'), render: (_, row) => row.actor_name ?? sourceWord(row.actor, names, t) },
              { title: t('review.at'), render: (_, row) => when(row.decided_at) },
              {
                align: 'right',
                render: (_, row) =>
                  row.undone_at ? (
                    <Typography.Text type="secondary">
                      {t('review.undone_at', { at: when(row.undone_at) })}
                    </Typography.Text>
                  ) : (
                    mayWrite && (
                      <Button size="small" onClick={() => ask(row.decision_id)}>
                        {t('review.undo')}
                      </Button>
                    )
                  ),
              },
            ]}
          />
          <More list={list} />
        </Card>
      )}
    </Loaded>
  )
}

/** Whom a decision is about: one is the other, or is not. One name that several records tell is said once. */
function People({ of }: { of: Decision }) {
  const t = useSay()
  const sides = of.verdict === 'same' ? of.people.flat().map((person) => [person]) : of.people
  const told = sides.map((side) => unique(side))
  const shown = of.verdict === 'same' ? unique(told.flat()).map((person) => [person]) : told
  const records = of.people.flat().length
  return (
    <>
      {shown.map((side, index) => (
        <Fragment key={side.map((person) => `${person.customer_id}:${person.name}`).join()}>
          {index > 0 && <Typography.Text type="secondary"> {of.verdict === 'same' ? '=' : '≠'} </Typography.Text>}
          {side.map((person, place) => (
            <Fragment key={`${person.customer_id}:${person.name}`}>
              {place > 0 && t('shared.comma')}
              <Link to="/customers/$id" params={{ id: String(person.customer_id) }}>
                {person.name ?? t('review.nameless')}
              </Link>{' '}
              <Typography.Text type="secondary">#{person.customer_id}</Typography.Text>
            </Fragment>
          ))}
        </Fragment>
      ))}
      {shown.length === 1 && records > 1 && (
        <Typography.Text type="secondary"> {t('review.records', { count: records })}</Typography.Text>
      )}
    </>
  )
}

function unique(people: Decision['people'][number]): Decision['people'][number] {
  return [...new Map(people.map((person) => [`${person.customer_id}:${person.name}`, person])).values()]
}
