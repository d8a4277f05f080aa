import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Flex, Progress, Statistic, Table, Typography } from 'antd'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { spent } from '@/rooms/customers/events'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import type { Did } from './Readers'

/** What became of a piece, in numbers; those that people stand behind lead to them. */
export function Effect({ id }: { id: number }) {
  const t = useSay()
  const figure = useFigure()
  const query = useQuery({
    queryKey: ['content', id, 'statistics'],
    refetchInterval: 10_000,
    queryFn: () => data(api.GET('/api/content/{content_id}/statistics', { params: { path: { content_id: id } } })),
  })
  return (
    <Loaded query={query}>
      {(found) => {
        if (!found.views && !found.form_views) return <Nothing title={t('content.unread')} />
        const most = Math.max(1, ...found.pages.map((page) => page.views))
        return (
          <Flex vertical gap={20}>
            <Flex wrap gap={28}>
              <Statistic title={t('content.views')} value={found.views} />
              <Statistic title={t('content.readers')} value={found.readers} />
              <Figure id={id} title={t('content.known')} value={found.known_views} did="opened" />
              <Statistic title={t('content.time')} value={spent(found.ms, t)} />
              <Figure id={id} title={t('content.clicks')} value={found.clicks} did="clicked" />
              <Figure id={id} title={t('content.forwards')} value={found.forwarded_views} did="forwarded" />
            </Flex>
            {found.form_views > 0 && (
              <Flex wrap gap={28}>
                <Statistic title={t('content.form_views')} value={found.form_views} />
                <Figure id={id} title={t('content.started')} value={found.started} did="started" />
                <Figure id={id} title={t('content.submitted')} value={found.submitted} did="submitted" />
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
                      showInfo={false}
                      status="normal"
                      strokeColor="var(--siyu-green)"
                      style={{ flex: 1 }}
                    />
                    <span style={{ minWidth: 130, textAlign: 'end', fontVariantNumeric: 'tabular-nums' }}>
                      {figure(page.views)} · {spent(page.ms, t)}
                    </span>
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
                  { title: t('content.left'), align: 'right', render: (_, field) => figure(field.left_here) },
                ]}
              />
            )}
          </Flex>
        )
      }}
    </Loaded>
  )
}

function Figure({ id, title, value, did }: { id: number; title: string; value: number; did: Did }) {
  const t = useSay()
  return (
    <Statistic
      title={title}
      value={value}
      suffix={
        value > 0 && (
          <Link
            to="/content"
            search={({ q }) => ({ q, open: id, tab: 'readers', did })}
            style={{ fontSize: 14 }}
            aria-label={t('content.see', { what: title })}
          >
            {t('content.see_who')}
          </Link>
        )
      }
    />
  )
}

function useFigure(): (value: number) => string {
  const { i18n } = useTranslation()
  const format = new Intl.NumberFormat(i18n.language)
  return (value) => format.format(value)
}
