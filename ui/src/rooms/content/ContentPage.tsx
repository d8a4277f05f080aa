import { PlusOutlined } from '@ant-design/icons'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Button, Card, Checkbox, Flex, Input, Select, Table, Tag } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { More, usePortions } from '@/shared/More'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { KINDS, type Kind } from './draft'
import { ICONS } from './icons'
import { PieceDrawer } from './Piece'
import './content.css'

const ALL: Kind[] = [...KINDS, 'landing']

export default function ContentPage() {
  const t = useSay()
  const { q, kind: asked, archived, open } = useSearch({ from: '/frame/content' })
  const kind = ALL.find((one) => one === asked)
  const navigate = useNavigate({ from: '/content' })
  const mayWrite = useMay('content.write')
  const narrow = (to: { q?: string; kind?: string; archived?: boolean }) =>
    void navigate({ search: { q, kind, archived, ...to }, replace: true })
  const list = usePortions(['contents', 'list', q, kind, archived], (cursor) =>
    data(api.GET('/api/content', { params: { query: { q, kind, archived, cursor, limit: 50 } } })),
  )
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
          options={ALL.map((one) => ({ value: one, label: t(`content.kind.${one}`) }))}
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
