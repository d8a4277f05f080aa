import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Flex, Segmented, Table, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components, operations } from '@/api/schema'
import { spent } from '@/rooms/customers/events'
import { More, usePortions } from '@/shared/More'
import { type Say, useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { exactly, when } from '@/shared/when'

type Reader = components['schemas']['ReaderBody']
export type Did = NonNullable<NonNullable<operations['content_list_readers']['parameters']['query']>['did']>
const OF_PAGES: Did[] = ['opened', 'read', 'clicked', 'forwarded']
const OF_FORMS: Did[] = ['opened', 'started', 'submitted', 'forwarded']

/** The known people behind the numbers of a piece, the latest first. */
export function Readers({ id, form }: { id: number; form: boolean }) {
  const t = useSay()
  const search = useSearch({ from: '/frame/content' })
  const navigate = useNavigate({ from: '/content' })
  const choices = form ? OF_FORMS : OF_PAGES
  const did = [...OF_PAGES, ...OF_FORMS].find((one) => one === search.did)
  const list = usePortions(
    ['content', id, 'readers', did],
    (cursor) =>
      data(
        api.GET('/api/content/{content_id}/readers', {
          params: { path: { content_id: id }, query: { did, cursor, limit: 50 } },
        }),
      ),
    10_000,
  )
  return (
    <Flex vertical gap={12}>
      <Typography.Text type="secondary">{t('content.who_hint')}</Typography.Text>
      <div style={{ overflowX: 'auto' }}>
        <Segmented
          value={did ?? ''}
          options={[
            { value: '', label: t('content.did') },
            ...[...new Set([...choices, ...(did ? [did] : [])])].map((one) => ({
              value: one,
              label: t(`content.did.${one}`),
            })),
          ]}
          onChange={(value) =>
            void navigate({ search: (before) => ({ ...before, did: value || undefined }), replace: true })
          }
        />
      </div>
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <>
            <Table
              size="small"
              rowKey="customer_id"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: <Nothing title={t('content.nobody')} /> }}
              columns={[
                {
                  title: t('content.person'),
                  render: (_, row) => (
                    <Link to="/customers/$id" params={{ id: String(row.customer_id) }}>
                      {row.name ?? t('customer.nameless', { id: row.customer_id })}
                    </Link>
                  ),
                },
                { title: t('content.phone'), render: (_, row) => row.phone ?? '—' },
                { title: t('content.far'), render: (_, row) => far(row, form, t) },
                {
                  title: t('content.last'),
                  render: (_, row) => <span title={exactly(row.last_at)}>{when(row.last_at)}</span>,
                },
              ]}
            />
            <More list={list} />
          </>
        )}
      </Loaded>
    </Flex>
  )
}

/** How far somebody went with a piece. */
function far(row: Reader, form: boolean, t: Say): string {
  const said = []
  if (row.submitted_at) said.push(t('content.far.submitted', { at: when(row.submitted_at) }))
  else if (row.started) said.push(t('content.far.started'))
  else if (row.opened) said.push(t('content.far.opened', { count: row.opened }))
  if (row.page !== null) said.push(t('content.far.page', { page: row.page, spent: spent(row.ms ?? 0, t) }))
  else if (row.opened && !form) said.push(t('content.far.unrecorded'))
  if (row.clicks) said.push(t('content.far.clicks', { count: row.clicks }))
  if (row.downloaded) said.push(t('content.far.downloaded'))
  if (row.forwarded) said.push(t('content.far.forwarded', { count: row.forwarded }))
  return said.join(t('shared.comma'))
}
