import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Alert, Card, Flex, Progress, Steps, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { Findings } from './Findings'
import { ImportButtons } from './ImportButtons'
import { type Import, moving, STATE_COLOURS } from './look'
import { Mapping } from './Mapping'
import { Reading } from './Reading'

export default function ImportPage() {
  const { id } = useParams({ from: '/frame/imports/$id' })
  const query = useQuery({
    queryKey: ['import', Number(id)],
    refetchInterval: (state) => (moving(state.state.data) ? 700 : false),
    queryFn: () => data(api.GET('/api/imports/{import_id}', { params: { path: { import_id: Number(id) } } })),
  })
  return <Loaded query={query}>{(one) => <Shown one={one} />}</Loaded>
}

const STAGE: Record<Import['state'], number> = {
  draft: 0,
  checking: 2,
  checked: 2,
  applying: 3,
  complete: 4,
  taking_back: 3,
  cancelled: 3,
}

function Shown({ one }: { one: Import }) {
  const t = useSay()
  const mayWrite = useMay('customers.write')
  const [confirmed, setConfirmed] = useState(false)
  const [again, setAgain] = useState(false)
  const editing = one.state === 'draft' || (one.state === 'checked' && again)
  const stage = editing ? (confirmed ? 1 : 0) : STAGE[one.state]
  const steps = ['reading', 'mapping', 'check', 'apply'] as const
  return (
    <Page
      title={
        <Flex gap={10} align="center" wrap>
          {one.file_name || `#${one.import_id}`}
          <Tag color={STATE_COLOURS[one.state]}>{t(`import.state.${one.state}`)}</Tag>
        </Flex>
      }
      hint={<Link to="/imports">{t('nav.imports')}</Link>}
      extra={mayWrite && <ImportButtons one={one} editing={editing} edit={() => setAgain(true)} />}
    >
      <Card styles={{ body: { padding: 20 } }}>
        <Steps
          size="small"
          current={stage}
          status={one.state === 'cancelled' ? 'error' : undefined}
          items={steps.map((step) => ({ title: t(`import.step.${step}`) }))}
          style={{ marginBottom: 20 }}
        />
        {one.same_file_as !== null && editing && (
          <Alert
            type="info"
            showIcon
            title={t('import.same_file', { id: one.same_file_as })}
            style={{ marginBottom: 12 }}
          />
        )}
        {editing && !confirmed && <Reading one={one} next={() => setConfirmed(true)} />}
        {editing && confirmed && (
          <Mapping
            one={one}
            back={() => setConfirmed(false)}
            checking={() => {
              setAgain(false)
              setConfirmed(false)
            }}
          />
        )}
        {moving(one) && <Moving one={one} />}
        {one.state === 'complete' && <Done one={one} />}
        {one.state === 'cancelled' && <Alert type="warning" showIcon title={t('import.cancelled')} />}
        {!editing && (one.state === 'checked' || one.state === 'complete' || one.state === 'applying') && (
          <Findings one={one} />
        )}
      </Card>
    </Page>
  )
}

function Moving({ one }: { one: Import }) {
  const t = useSay()
  const { done, total, per_second } = one.progress
  return (
    <div role="status" aria-live="polite">
      <Typography.Text>{t(`import.${one.state}`)}</Typography.Text>
      <Progress percent={total ? Math.floor((done / total) * 100) : 0} status="active" />
      <Typography.Text type="secondary">
        {t('import.of', { done, total })}
        {per_second > 0 && ` · ${t('import.speed', { speed: Math.round(per_second) })}`}
      </Typography.Text>
    </div>
  )
}

function Done({ one }: { one: Import }) {
  const t = useSay()
  const { customers, created, cases, refused } = one.counts
  return (
    <Alert
      type="success"
      showIcon
      title={t('import.done', { customers, created })}
      description={
        <Flex gap={16} wrap>
          {cases > 0 && <Link to="/reviews">{t('import.done_cases', { count: cases })}</Link>}
          {refused > 0 && <span>{t('import.done_refused', { count: refused })}</span>}
        </Flex>
      }
    />
  )
}
