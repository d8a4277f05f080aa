import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Card, Flex, Spin, Typography } from 'antd'
import { useEffect, useRef } from 'react'
import { api, data } from '@/api/client'
import type { CustomersSearch } from '@/rooms/customers/address'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useSettled } from '@/shared/useSettled'
import type { Unseen } from './NeedsArchive'

const PAUSE = 400

/** How many match while the condition is edited, and some of them. */
export function Estimate({
  condition,
  ready,
  people,
  refused,
  needs,
}: {
  condition: Record<string, unknown>
  ready: boolean
  /** The list of customers that are counted here. */
  people: CustomersSearch
  refused: (error: unknown) => void
  /** Told which parts depend on chats that nobody sees. */
  needs: (found: (Unseen & { field: string })[]) => void
}) {
  const t = useSay()
  const settled = useSettled(condition, PAUSE)
  const text = JSON.stringify(settled)
  const current = JSON.stringify(condition) === text
  const estimate = useQuery({
    queryKey: ['estimate', text],
    enabled: ready && current,
    placeholderData: (before) => before,
    queryFn: () => data(api.POST('/api/segments/estimate', { body: { condition: settled } })),
  })
  const sample = useQuery({
    queryKey: ['sample', text],
    enabled: ready && current && estimate.isSuccess,
    placeholderData: (before) => before,
    queryFn: async () =>
      (await data(api.POST('/api/segments/sample', { body: { condition: settled, limit: 8 } }))).items,
  })
  const tell = useRef({ refused, needs })
  tell.current = { refused, needs }
  useEffect(() => {
    if (estimate.error) tell.current.refused(estimate.error)
  }, [estimate.error])
  const unseen = current && !estimate.isPlaceholderData ? estimate.data?.needs_archive : undefined
  useEffect(() => {
    if (unseen) tell.current.needs(unseen)
  }, [unseen])

  const found = ready ? estimate.data : undefined
  return (
    <Card title={t('segment.estimate')} size="small" extra={estimate.isFetching && <Spin size="small" />}>
      {!found && estimate.isError && ready && (
        <Flex gap={8} align="center" wrap>
          <Typography.Text type="danger">{t('segment.no_estimate')}</Typography.Text>
          <Button size="small" onClick={() => void estimate.refetch()}>
            {t('state.retry')}
          </Button>
        </Flex>
      )}
      {!found && !(estimate.isError && ready) && (
        <Typography.Text type="secondary">{t(ready ? 'state.loading' : 'segment.unfinished')}</Typography.Text>
      )}
      {found && (
        <>
          <div style={{ fontSize: 34, fontWeight: 600, lineHeight: 1.2 }} data-testid="estimate" aria-live="polite">
            <Link to="/customers" search={people} title={t('segment.show_people')}>
              {t(found.exact ? 'segment.count' : 'segment.about', { n: number(found.count) })}
            </Link>{' '}
            <span style={{ fontSize: 16, fontWeight: 400 }}>{t('segment.people')}</span>
          </div>
          <Typography.Text type="secondary">
            {t('segment.of_all', {
              population: number(found.population),
              share: `${found.population ? ((found.count / found.population) * 100).toFixed(1) : 0}%`,
            })}
            {' · '}
            {found.exact
              ? t('segment.exact')
              : t('segment.interval', { low: number(found.low), high: number(found.high) })}
          </Typography.Text>
          <Typography.Paragraph strong style={{ margin: '12px 0 4px' }}>
            {t('segment.sample')}
          </Typography.Paragraph>
          {sample.data?.length === 0 && <Typography.Text type="secondary">{t('segment.sample_none')}</Typography.Text>}
          <Flex wrap gap="4px 14px">
            {sample.data?.map((one) => (
              <Link key={one.customer_id} to="/customers/$id" params={{ id: String(one.customer_id) }}>
                {one.name ?? t('customer.nameless', { id: one.customer_id })}
              </Link>
            ))}
          </Flex>
        </>
      )}
    </Card>
  )
}
