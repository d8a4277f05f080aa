import { useQuery } from '@tanstack/react-query'
import { Flex, Tooltip } from 'antd'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import type { Standing } from './MoveDialog'
import type { Wave } from './useWave'

const SHOWN = 6
const EVERY_MS = 5_000
/** What is dragged from one column to another. */
const DRAGGED = 'application/x-siyu-person'

/** Who came last into a stage, each to be dragged to another column, or opened by keyboard. */
export function StagePeople({ stage, wave, move }: { stage: string; wave: Wave; move: (person: Standing) => void }) {
  const t = useSay()
  const query = useQuery({
    queryKey: ['standing', wave.journey_id, wave.version, stage],
    refetchInterval: EVERY_MS,
    queryFn: () =>
      data(
        api.GET('/api/journeys/{journey_id}/enrolments', {
          params: {
            path: { journey_id: wave.journey_id },
            query: { version: wave.version, stage, active: true, limit: SHOWN },
          },
        }),
      ),
  })
  const people = query.data?.items ?? []
  if (people.length === 0) return null
  return (
    <Flex gap={6} wrap className="stage-faces" role="group" aria-label={t('move.newest')}>
      {people.map((one) => {
        const name = one.name || t('customer.nameless', { id: one.customer_id })
        const person: Standing = { customer: one.customer_id, name, stage }
        return (
          <Tooltip key={one.enrolment_id} title={t('move.how')} mouseEnterDelay={0.6}>
            <button
              type="button"
              className="stage-face"
              draggable
              aria-label={t('move.ask', { name })}
              onClick={() => move(person)}
              onDragStart={(event) => {
                event.dataTransfer.setData(DRAGGED, JSON.stringify(person))
                event.dataTransfer.effectAllowed = 'move'
              }}
            >
              {name}
            </button>
          </Tooltip>
        )
      })}
    </Flex>
  )
}

/** The person dropped, null when something else was dropped. */
export function dropped(event: React.DragEvent): Standing | null {
  const text = event.dataTransfer.getData(DRAGGED)
  return text ? (JSON.parse(text) as Standing) : null
}

/** Whether a person is dragged here. */
export function dragged(event: React.DragEvent): boolean {
  return event.dataTransfer.types.includes(DRAGGED)
}
