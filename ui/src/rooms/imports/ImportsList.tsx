import { InboxOutlined } from '@ant-design/icons'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Alert, Card, Table, Tag, Upload } from 'antd'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useFault } from '@/shared/fault'
import { More, usePortions } from '@/shared/More'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { STATE_COLOURS } from './look'

export default function ImportsList() {
  const t = useSay()
  const say = useFault()
  const client = useQueryClient()
  const navigate = useNavigate()
  const mayWrite = useMay('customers.write')
  const list = usePortions(
    ['imports'],
    (cursor) => data(api.GET('/api/imports', { params: { query: { cursor, limit: 20 } } })),
    3_000,
  )
  const uploading = useMutation({
    mutationFn: (file: File) => {
      const form = new FormData()
      form.append('file', file)
      // The generated type of a file is string; the form carries the file itself.
      return data(api.POST('/api/imports', { body: { file: '' }, bodySerializer: () => form }))
    },
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['imports'] })
      await navigate({ to: '/imports/$id', params: { id: String(made.import_id) } })
    },
  })
  const fault = uploading.error
  return (
    <Page title={t('nav.imports')} hint={t('imports.hint')}>
      {mayWrite && (
        <Upload.Dragger
          accept=".csv,.txt,.tsv,.xlsx"
          showUploadList={false}
          disabled={uploading.isPending}
          beforeUpload={(file) => {
            uploading.mutate(file)
            return false
          }}
          style={{ background: '#fff', marginBottom: 12 }}
        >
          <p className="ant-upload-drag-icon">
            <InboxOutlined style={{ color: 'var(--siyu-green)' }} />
          </p>
          <p className="ant-upload-text">{uploading.isPending ? t('state.loading') : t('imports.drop')}</p>
          <p className="ant-upload-hint">{t('imports.drop_hint')}</p>
        </Upload.Dragger>
      )}
      {fault && <Alert type="error" showIcon closable style={{ margin: '12px 0' }} title={say(fault)} />}
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }} style={{ marginTop: 12 }}>
            <Table
              rowKey="import_id"
              dataSource={rows}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('imports.none')} /> }}
              columns={[
                {
                  title: t('imports.file'),
                  render: (_, row) => (
                    <Link to="/imports/$id" params={{ id: String(row.import_id) }}>
                      {row.file_name || `#${row.import_id}`}
                    </Link>
                  ),
                },
                {
                  title: t('imports.state'),
                  render: (_, row) => <Tag color={STATE_COLOURS[row.state]}>{t(`import.state.${row.state}`)}</Tag>,
                },
                {
                  title: t('imports.rows'),
                  align: 'right',
                  render: (_, row) => row.progress.total || '—',
                  responsive: ['sm'],
                },
                {
                  title: t('imports.result'),
                  responsive: ['md'],
                  render: (_, row) =>
                    row.state === 'complete'
                      ? t('import.done', { customers: row.counts.customers, created: row.counts.created })
                      : row.counts.error
                        ? `${t('import.count.error')} ${row.counts.error}`
                        : '—',
                },
                { title: t('imports.at'), render: (_, row) => when(row.created_at), responsive: ['sm'] },
              ]}
            />
            <More list={list} />
          </Card>
        )}
      </Loaded>
    </Page>
  )
}
