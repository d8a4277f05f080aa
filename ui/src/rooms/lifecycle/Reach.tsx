import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Alert } from 'antd'
import { api, data } from '@/api/client'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useSettled } from '@/shared/useSettled'

const PAUSE = 400

/** Whom a rule would concern: of events the people of the last 30 days, of a segment those who are in it now. */
export function Reach({ condition, word }: { condition: Record<string, unknown> | null; word: string }) {
  const t = useSay()
  const settled = useSettled(condition, PAUSE)
  const text = JSON.stringify(settled)
  const estimate = useQuery({
    queryKey: ['estimate', text],
    enabled: settled !== null,
    retry: false,
    queryFn: () => data(api.POST('/api/segments/estimate', { body: { condition: settled ?? {} } })),
  })
  const found = settled === null ? undefined : estimate.data
  return (
    <Alert
      type="info"
      title={
        found && settled ? (
          <span data-testid="reach">
            {t(word)}{' '}
            <Link to="/customers" search={{ where: settled }}>
              {t(found.exact ? 'customers.people' : 'customers.about', { n: number(found.count) })}
            </Link>
          </span>
        ) : (
          t(estimate.isError && settled ? 'lifecycle.no_reach' : 'lifecycle.reach_later')
        )
      }
    />
  )
}
