import { Button, Card, Drawer, Flex, Input, Table, Tag } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { More, usePortions } from '@/shared/More'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { Piece } from './Piece'

export default function ContentPage() {
  const t = useSay()
  const [words, setWords] = useState('')
  const [open, setOpen] = useState<components['schemas']['SummaryBody'] | null>(null)
  const list = usePortions(['contents', 'list', words], (cursor) =>
    data(api.GET('/api/content', { params: { query: { q: words || undefined, cursor, limit: 50 } } })),
  )
  return (
    <Page title={t('nav.content')} hint={t('content.hint')}>
      <Flex style={{ marginBottom: 12 }}>
        <Input.Search
          allowClear
          aria-label={t('content.search')}
          placeholder={t('content.search')}
          maxLength={64}
          onSearch={setWords}
          style={{ width: 300, maxWidth: '100%' }}
        />
      </Flex>
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table
              rowKey="content_id"
              dataSource={rows}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('content.none')} /> }}
              columns={[
                {
                  title: t('content.title'),
                  render: (_, row) => (
                    <Button
                      type="link"
                      style={{ padding: 0, height: 'auto', whiteSpace: 'normal', textAlign: 'start' }}
                      onClick={() => setOpen(row)}
                    >
                      {row.title}
                    </Button>
                  ),
                },
                { title: t('content.kind'), render: (_, row) => t(`content.kind.${row.kind}`) },
                {
                  title: t('content.state'),
                  responsive: ['sm'],
                  render: (_, row) => (
                    <Tag color={row.published ? 'green' : 'default'}>
                      {t(row.published ? 'content.published' : 'content.draft')}
                    </Tag>
                  ),
                },
                { title: t('content.changed'), responsive: ['md'], render: (_, row) => when(row.updated_at) },
              ]}
            />
            <More list={list} />
          </Card>
        )}
      </Loaded>
      <Drawer open={open !== null} onClose={() => setOpen(null)} size="large" title={open?.title} destroyOnHidden>
        {open && <Piece piece={open} />}
      </Drawer>
    </Page>
  )
}
