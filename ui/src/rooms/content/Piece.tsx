import { useQuery } from '@tanstack/react-query'
import { Flex, Progress, Statistic, Table, Tabs, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { spent } from '@/rooms/customers/events'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'

type Summary = components['schemas']['SummaryBody']
const PAGELESS = new Set(['text', 'template', 'link'])

/** One piece: as a customer sees it, and what became of it. */
export function Piece({ piece }: { piece: Summary }) {
  const t = useSay()
  return (
    <Tabs
      items={[
        { key: 'preview', label: t('content.preview'), children: <Preview piece={piece} /> },
        { key: 'statistics', label: t('content.statistics'), children: <Effect id={piece.content_id} /> },
      ]}
    />
  )
}

/** The words of a piece that has no page: its text, its address, or the lines of its template in their order. */
function told(body: Record<string, unknown>): string {
  if (typeof body.text === 'string') return body.text
  if (typeof body.url === 'string') return body.url
  const lines = (body.template as { data?: Record<string, string> } | null)?.data ?? {}
  const rank = (name: string) => (name === 'first' ? 0 : name === 'remark' ? 2 : 1)
  return Object.entries(lines)
    .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b))
    .map(([, line]) => line)
    .join('\n')
}

function Preview({ piece }: { piece: Summary }) {
  const t = useSay()
  const mayWrite = useMay('content.write')
  const plain = PAGELESS.has(piece.kind) || !mayWrite
  const content = useQuery({
    queryKey: ['content', piece.content_id, piece.latest],
    enabled: plain,
    queryFn: () => data(api.GET('/api/content/{content_id}', { params: { path: { content_id: piece.content_id } } })),
  })
  if (!plain)
    return (
      <iframe
        title={t('content.preview')}
        src={`/api/content/${piece.content_id}/preview`}
        style={{
          width: 390,
          maxWidth: '100%',
          height: 'calc(100vh - 200px)',
          border: '1px solid var(--siyu-line)',
          borderRadius: 16,
        }}
      />
    )
  return (
    <Loaded query={content}>
      {({ body }) => (
        <>
          <Typography.Paragraph type="secondary">{t('content.no_page')}</Typography.Paragraph>
          <Typography.Paragraph
            style={{ whiteSpace: 'pre-wrap', padding: 16, background: '#eef6f2', borderRadius: 12 }}
          >
            {told(body)}
          </Typography.Paragraph>
        </>
      )}
    </Loaded>
  )
}

function Effect({ id }: { id: number }) {
  const t = useSay()
  const query = useQuery({
    queryKey: ['content', id, 'statistics'],
    refetchInterval: 10_000,
    queryFn: () => data(api.GET('/api/content/{content_id}/statistics', { params: { path: { content_id: id } } })),
  })
  return (
    <Loaded query={query}>
      {(found) => {
        const most = Math.max(1, ...found.pages.map((page) => page.views))
        return (
          <Flex vertical gap={20}>
            <Flex wrap gap={28}>
              <Statistic title={t('content.views')} value={found.views} />
              <Statistic title={t('content.readers')} value={found.readers} />
              <Statistic title={t('content.time')} value={spent(found.ms, t)} />
              <Statistic title={t('content.clicks')} value={found.clicks} />
              <Statistic title={t('content.forwards')} value={found.forwarded_views} />
            </Flex>
            {found.form_views > 0 && (
              <Flex wrap gap={28}>
                <Statistic title={t('content.form_views')} value={found.form_views} />
                <Statistic title={t('content.started')} value={found.started} />
                <Statistic title={t('content.submitted')} value={found.submitted} />
              </Flex>
            )}
            {found.pages.length > 0 && (
              <div>
                <Typography.Text strong>{t('content.pages')}</Typography.Text>
                {found.pages.map((page) => (
                  <Flex key={page.page} gap={12} align="center">
                    <span style={{ width: 72 }}>{t('content.page', { page: page.page })}</span>
                    <Progress
                      percent={(page.views / most) * 100}
                      format={() => `${page.views} · ${spent(page.ms, t)}`}
                      style={{ flex: 1, paddingInlineEnd: 90 }}
                    />
                  </Flex>
                ))}
              </div>
            )}
            {found.fields.length > 0 && (
              <Table
                size="small"
                rowKey="field"
                pagination={false}
                dataSource={found.fields}
                title={() => t('content.losses')}
                columns={[
                  { title: t('content.field'), dataIndex: 'label' },
                  { title: t('content.left'), align: 'right', dataIndex: 'left_here' },
                ]}
              />
            )}
          </Flex>
        )
      }}
    </Loaded>
  )
}
