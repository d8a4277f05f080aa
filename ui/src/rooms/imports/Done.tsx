import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Alert, App, Button, Card, Tabs, Typography } from 'antd'
import type { ReactNode } from 'react'
import { ApiError, api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useSegments } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { Findings } from './Findings'
import { ImportPeople } from './ImportPeople'
import { type Import, outcome } from './look'
import { Sum } from './Sum'
import { useActs } from './useActs'

/** What an import brought: the sum that explains it, what to do next, its people, and the rows that stayed out. */
export function Done({ one, mayWrite, done }: { one: Import; mayWrite: boolean; done: (found: Import) => void }) {
  const t = useSay()
  const { customers, created, error, refused } = one.counts
  const out = error + refused
  return (
    <>
      <Alert
        type="success"
        showIcon
        title={t('import.done', { customers: number(customers), created: number(created) })}
        style={{ marginBottom: 16 }}
      />
      <Sum lines={outcome(one)} />
      <Typography.Title level={5}>{t('import.next')}</Typography.Title>
      <Next one={one} mayWrite={mayWrite} done={done} />
      <Tabs
        style={{ marginTop: 8 }}
        tabBarExtraContent={
          <Link to="/customers" search={{ where: cameWith(one.import_id) }}>
            {t('import.in_list')}
          </Link>
        }
        items={[
          {
            key: 'people',
            label: t('import.people', { count: customers }),
            children: <ImportPeople id={one.import_id} />,
          },
          ...(out > 0
            ? [
                {
                  key: 'rows',
                  label: t('import.rows_out', { count: out }),
                  children: <Findings one={one} />,
                },
              ]
            : []),
        ]}
      />
    </>
  )
}

function Next({ one, mayWrite, done }: { one: Import; mayWrite: boolean; done: (found: Import) => void }) {
  const t = useSay()
  const { modal } = App.useApp()
  const acts = useActs(one, done)
  const { customers, cases, error, refused } = one.counts
  const out = error + refused
  function askBack() {
    modal.confirm({
      title: t('import.take_back_ask'),
      content: t('import.take_back_means', { count: customers }),
      okText: t('import.take_back'),
      okButtonProps: { danger: true },
      cancelText: t('shared.back'),
      onOk: () => acts.mutateAsync('cancel').catch(() => undefined),
    })
  }
  return (
    <div className="siyu-steps">
      <People one={one} />
      {cases > 0 && (
        <Step title={t('import.next_cases', { count: cases })} means={t('import.next_cases_means')}>
          <Link to="/reviews">
            <Button>{t('import.do_cases')}</Button>
          </Link>
        </Step>
      )}
      {out > 0 && mayWrite && (
        <Step title={t('import.next_errors', { count: out })} means={t('import.next_errors_means')}>
          <Button href={`/api/imports/${one.import_id}/errors.csv`} download>
            {t('import.report')}
          </Button>
        </Step>
      )}
      {mayWrite && (
        <Step title={t('import.next_back')} means={t('import.next_back_means')}>
          <Button danger loading={acts.isPending} onClick={askBack}>
            {t('import.take_back')}
          </Button>
        </Step>
      )}
    </div>
  )
}

/** The people of an import as a segment, which stays and which journeys can begin with. */
function People({ one }: { one: Import }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const navigate = useNavigate()
  const mayMake = useMay('segments.write')
  const segments = useSegments()
  const condition = cameWith(one.import_id)
  const known = segments.data?.find((segment) => means(segment.condition, one.import_id))
  const open = (segment_id: number) => navigate({ to: '/segments/$id', params: { id: String(segment_id) } })
  const making = useMutation({
    mutationFn: () => {
      const name = t('import.segment_name', { id: one.import_id, file: one.file_name }).slice(0, 60)
      return data(api.POST('/api/segments', { body: { name, condition } }))
    },
    onSuccess: async ({ segment_id }) => {
      tell.done(t('import.segment_made'))
      await client.invalidateQueries({ queryKey: ['segments'] })
      await open(segment_id)
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === 'segment_name_taken') void segments.refetch()
      tell.failed(error)
    },
  })
  if (!known && !mayMake) return null
  return (
    <Step
      title={t('import.next_segment')}
      means={t(one.start_journeys ? 'import.next_segment_entered' : 'import.next_segment_quiet')}
    >
      {known ? (
        <Link to="/segments/$id" params={{ id: String(known.segment_id) }}>
          <Button type="primary">{t('import.open_segment')}</Button>
        </Link>
      ) : (
        <Button type="primary" loading={making.isPending || segments.isPending} onClick={() => making.mutate()}>
          {t('import.do_segment')}
        </Button>
      )}
    </Step>
  )
}

/** The condition of the people of an import. */
function cameWith(import_id: number) {
  return { kind: 'event', type: 'imported', where: { import_id: { eq: import_id } } }
}

/** Whether a condition is just "came with this import". */
function means(condition: Record<string, unknown>, import_id: number): boolean {
  const parts = condition.all
  if (Array.isArray(parts) && parts.length === 1) return means(parts[0], import_id)
  const where = condition.where as { import_id?: { eq?: unknown } } | undefined
  return condition.kind === 'event' && condition.type === 'imported' && where?.import_id?.eq === import_id
}

function Step({ title, means: explained, children }: { title: string; means: string; children: ReactNode }) {
  return (
    <Card size="small" styles={{ body: { display: 'flex', flexDirection: 'column', height: '100%', gap: 8 } }}>
      <Typography.Text strong>{title}</Typography.Text>
      <Typography.Text type="secondary" style={{ flex: 1 }}>
        {explained}
      </Typography.Text>
      <span>{children}</span>
    </Card>
  )
}
