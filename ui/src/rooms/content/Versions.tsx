import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Table, Tag } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'

/** The versions of a piece, newest first, and which of them readers get. */
export function Versions({ piece }: { piece: components['schemas']['ContentBody'] }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const mayWrite = useMay('content.write')
  const path = { content_id: piece.content_id }
  const versions = useQuery({
    queryKey: ['content', piece.content_id, 'versions'],
    queryFn: () => data(api.GET('/api/content/{content_id}/versions', { params: { path } })),
  })
  const publishing = useMutation({
    mutationFn: (version: number) =>
      data(api.POST('/api/content/{content_id}/publish', { params: { path }, body: { version } })),
    onSuccess: () => {
      tell.done(t('content.did_publish'))
      void client.invalidateQueries({ queryKey: ['contents'] })
      void client.invalidateQueries({ queryKey: ['content', piece.content_id] })
    },
    onError: tell.failed,
  })
  return (
    <Loaded query={versions}>
      {(rows) => (
        <Table
          size="small"
          rowKey="version"
          dataSource={rows}
          pagination={false}
          scroll={{ x: 'max-content' }}
          columns={[
            {
              title: t('content.version'),
              render: (_, row) => (
                <>
                  {t('content.version_number', { version: row.version })}{' '}
                  {row.version === piece.published && <Tag color="green">{t('content.published')}</Tag>}
                </>
              ),
            },
            { title: t('content.title'), render: (_, row) => row.title },
            { title: t('content.saved_at'), render: (_, row) => when(row.made_at) },
            {
              key: 'act',
              render: (_, row) =>
                mayWrite &&
                !piece.archived &&
                row.version !== piece.published && (
                  <Button
                    size="small"
                    loading={publishing.isPending && publishing.variables === row.version}
                    onClick={() => publishing.mutate(row.version)}
                  >
                    {t('content.publish_this')}
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Loaded>
  )
}
