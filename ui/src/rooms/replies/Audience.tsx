import { Select } from 'antd'
import { useSegments } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { type Condition, segmentOf } from './drafts'

const OTHER = '__other'

/** For whom: everybody or a segment. A condition made elsewhere is named as such and kept until another is chosen. */
export function Audience({
  id,
  value,
  onChange,
  none,
}: {
  id?: string
  value?: Condition
  onChange?: (condition: Condition) => void
  none: string
}) {
  const t = useSay()
  const segments = useSegments().data ?? []
  const named = segmentOf(value ?? null)
  const chosen = segments.find((one) => one.name === named || one.segment_id === named)
  const other = value != null && !chosen
  return (
    <Select
      id={id}
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      placeholder={none}
      value={other ? OTHER : chosen?.segment_id}
      onChange={(segment: number | string | undefined) => {
        if (segment !== OTHER) onChange?.(segment === undefined ? null : { kind: 'segment', segment })
      }}
      options={[
        ...(other ? [{ value: OTHER, label: t('replies.other_condition') }] : []),
        ...segments.map((one) => ({ value: one.segment_id, label: one.name })),
      ]}
    />
  )
}

/** The same in words. */
export function useAudience(): (condition: Condition, none: string) => string {
  const t = useSay()
  const segments = useSegments().data ?? []
  return (condition, none) => {
    if (condition === null) return none
    const named = segmentOf(condition)
    const found = segments.find((one) => one.name === named || one.segment_id === named)
    return found?.name ?? (typeof named === 'string' ? named : t('replies.other_condition'))
  }
}
