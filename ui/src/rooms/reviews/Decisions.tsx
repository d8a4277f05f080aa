import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { App, Button, Card, Table, Typography } from 'antd'
import { api, data } from '@/api/client'
import { sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'

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
    onSuccess: async () => {
      tell.done(t('review.undone'))
      await client.invalidateQueries({ queryKey: ['cases'] })
      await client.invalidateQueries({ queryKey: ['decisions'] })
    },
    onError: tell.failed,
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
                render: (_, row) => (
                  <Typography.Text delete={row.undone_at !== null}>{t(`review.said_${row.verdict}`)}</Typography.Text>
                ),
              },
              {
                title: t('review.people'),
                render: (_, row) =>
                  row.groups.flat().map((id) => (
                    <Link key={id} to="/customers/$id" params={{ id: String(id) }} style={{ marginInlineEnd: 8 }}>
                      #{id}
                    </Link>
                  )),
              },
              { title: t('review.by'), render: (_, row) => sourceWord(row.actor, names, t) },
              { title: t('review.at'), render: (_, row) => when(row.decided_at) },
              {
                align: 'right',
                render: (_, row) =>
                  row.undone_at ? (
                    <Typography.Text type="secondary">
                      {t('review.undone')} {when(row.undone_at)}
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
