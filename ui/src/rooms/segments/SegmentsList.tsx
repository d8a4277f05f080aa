import { PlusOutlined } from '@ant-design/icons'
import { Link, useNavigate } from '@tanstack/react-router'
import { Button, Card, Table, Typography } from 'antd'
import { useMay } from '@/app/session'
import { useSegments } from '@/shared/lookups'
import { number } from '@/shared/number'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { open } from './model'
import { conditionSentence, useSpeech } from './sentence'

export default function SegmentsList() {
  const t = useSay()
  const segments = useSegments()
  const speech = useSpeech()
  const navigate = useNavigate()
  const mayWrite = useMay('segments.write')
  const fresh = mayWrite && (
    <Button
      type="primary"
      icon={<PlusOutlined />}
      onClick={() => void navigate({ to: '/segments/$id', params: { id: 'new' } })}
    >
      {t('segments.new')}
    </Button>
  )
  return (
    <Page title={t('nav.segments')} hint={t('segments.hint')} extra={fresh}>
      <Loaded query={segments}>
        {(list) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table
              rowKey="segment_id"
              dataSource={list}
              pagination={false}
              locale={{ emptyText: <Nothing title={t('segments.none')}>{fresh}</Nothing> }}
              columns={[
                {
                  title: t('segments.name'),
                  render: (_, row) => (
                    <Link to="/segments/$id" params={{ id: String(row.segment_id) }}>
                      {row.name}
                    </Link>
                  ),
                },
                {
                  title: t('segments.condition'),
                  responsive: ['md'],
                  render: (_, row) => (
                    <Typography.Text type="secondary">{conditionSentence(open(row.condition), speech)}</Typography.Text>
                  ),
                },
                {
                  title: t('segments.size'),
                  align: 'right',
                  width: 90,
                  render: (_, row) => (
                    <Link
                      to="/customers"
                      search={{ segment: row.segment_id }}
                      aria-label={t('segments.members_of', { name: row.name, n: number(row.size) })}
                    >
                      {number(row.size)}
                    </Link>
                  ),
                },
                {
                  title: t('segments.changed'),
                  responsive: ['sm'],
                  width: 130,
                  render: (_, row) => when(row.changed_at),
                },
              ]}
            />
          </Card>
        )}
      </Loaded>
    </Page>
  )
}
