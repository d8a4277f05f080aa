import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Button, Card, Checkbox, Flex, Input, Select, Table, Tag, Tooltip } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { More, usePortions } from '@/shared/More'
import { number } from '@/shared/number'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { KINDS, type Kind } from './draft'
import { ICONS } from './icons'
import { PieceDrawer } from './Piece'
import './content.css'

type Row = components['schemas']['SummaryBody']
type Figures = components['schemas']['FiguresBody']
const FIGURES = ['sent', 'readers', 'clicks', 'answers'] as const

export default function ContentPage() {
  const t = useSay()
  const { q, kind: asked, archived, open } = useSearch({ from: '/frame/content' })
  const kind = KINDS.find((one) => one === asked)
  const navigate = useNavigate({ from: '/content' })
  const mayWrite = useMay('content.write')
  const narrow = (to: { q?: string; kind?: string; archived?: boolean }) =>
    void navigate({ search: { q, kind, archived, ...to }, replace: true })
  const list = usePortions(['contents', 'list', q, kind, archived], (cursor) =>
    data(api.GET('/api/content', { params: { query: { q, kind, archived, cursor, limit: 50 } } })),
  )
  const ids = (list.rows ?? []).map((one) => one.content_id)
  const figures = useQuery({
    queryKey: ['contents', 'figures', ids],
    enabled: ids.length > 0,
    placeholderData: (before) => before,
    queryFn: async () => {
      // A request takes the figures of 200 pieces; more are read when somebody scrolled so far.
      const pages = Array.from({ length: Math.ceil(ids.length / 200) }, (_, page) =>
        ids.slice(page * 200, page * 200 + 200),
      )
      const found = await Promise.all(
        pages.map((some) => data(api.GET('/api/content/figures', { params: { query: { ids: some } } }))),
      )
      return new Map(found.flatMap((one) => one.items).map((one) => [one.content_id, one]))
    },
  })
  const narrowed = q !== undefined || kind !== undefined
  return (
    <Page
      title={t('nav.content')}
      hint={t('content.hint')}
      extra={
        mayWrite && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: '/content/new' })}>
            {t('content.new')}
          </Button>
        )
      }
    >
      <Flex style={{ marginBottom: 12 }} gap={12} wrap align="center">
        <Input.Search
          key={q}
          allowClear
          aria-label={t('content.search')}
          placeholder={t('content.search')}
          maxLength={64}
          defaultValue={q}
          onSearch={(words) => narrow({ q: words || undefined })}
          style={{ width: 300, maxWidth: '100%' }}
        />
        <Select
          allowClear
          aria-label={t('content.kind')}
          placeholder={t('content.all')}
          value={kind}
          onChange={(chosen: Kind | undefined) => narrow({ kind: chosen })}
          options={KINDS.map((one) => ({ value: one, label: t(`content.kind.${one}`) }))}
          style={{ width: 140 }}
        />
        <Checkbox
          checked={archived ?? false}
          onChange={(event) => narrow({ archived: event.target.checked || undefined })}
        >
          {t('content.archived_only')}
        </Checkbox>
      </Flex>
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table
              rowKey="content_id"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{
                emptyText: narrowed ? (
                  <Nothing title={q ? t('content.no_match', { words: q }) : t('content.none_such')}>
                    <Button onClick={() => narrow({ q: undefined, kind: undefined })}>{t('content.show_all')}</Button>
                  </Nothing>
                ) : (
                  <Nothing title={t(archived ? 'content.none_archived' : 'content.none')} />
                ),
              }}
              columns={[
                {
                  title: t('content.title'),
                  render: (_, row) => (
                    <Flex gap={12} align="center">
                      <span className="content-thumb" aria-hidden>
                        {row.picture ? <img src={row.picture} alt="" loading="lazy" /> : ICONS[row.kind]}
                      </span>
                      <Link
                        to="/content"
                        search={{ q, kind, archived, open: row.content_id }}
                        style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}
                      >
                        {row.title}
                      </Link>
                    </Flex>
                  ),
                },
                { title: t('content.kind'), render: (_, row) => t(`content.kind.${row.kind}`) },
                {
                  title: t('content.state'),
                  responsive: ['sm'],
                  render: (_, row) => (
                    <>
                      <Tag color={row.published ? 'green' : 'default'}>
                        {t(row.published ? 'content.published' : 'content.draft')}
                      </Tag>
                      {row.published !== null && row.published < row.latest && (
                        <Tag color="gold">{t('content.unpublished_changes')}</Tag>
                      )}
                    </>
                  ),
                },
                ...FIGURES.map((what) => ({
                  title: <Tooltip title={t(`content.figure_hint.${what}`)}>{t(`content.figure.${what}`)}</Tooltip>,
                  key: what,
                  align: 'right' as const,
                  responsive: ['md' as const],
                  render: (_: unknown, row: Row) => <Counted row={row} what={what} of={figures.data} />,
                })),
                { title: t('content.changed'), responsive: ['md'], render: (_, row) => when(row.updated_at) },
              ]}
            />
            <More list={list} />
          </Card>
        )}
      </Loaded>
      <PieceDrawer id={open} close={() => narrow({})} />
    </Page>
  )
}

/** A figure of a piece, which leads to its people. */
function Counted({
  row,
  what,
  of,
}: {
  row: Row
  what: (typeof FIGURES)[number]
  of: ReadonlyMap<number, Figures> | undefined
}) {
  const t = useSay()
  const found = of?.get(row.content_id)
  if (!found || (what === 'answers' && row.kind !== 'form' && row.kind !== 'landing')) return null
  const count = found[what]
  if (count === 0) return <span style={{ color: '#71827d' }}>0</span>
  const name = t('content.figure_of', { what: t(`content.figure.${what}`), title: row.title, count: number(count) })
  if (what === 'sent') {
    const sent = { kind: 'event', type: SENT, content: row.content_id, within: '90d' }
    return (
      <Link to="/customers" search={{ where: { all: [sent] } }} aria-label={name}>
        {number(count)}
      </Link>
    )
  }
  const did = { readers: 'opened', clicks: 'clicked', answers: 'submitted' } as const
  return (
    <Link to="/content" search={{ open: row.content_id, tab: 'readers', did: did[what] }} aria-label={name}>
      {number(count)}
    </Link>
  )
}

const SENT = ['delivery_sent', 'delivery_accepted']
