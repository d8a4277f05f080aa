import { Select } from 'antd'
import { useLadder } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useFaulty } from './faulty'
import type { LeafFormProps } from './LeafForm'
import { RangeForm } from './parts'

/** Bounds of the score stand in the leaf itself. */
export function ScoreForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const { kind, ...bounds } = leaf
  return (
    <RangeForm
      value={bounds}
      set={(value) => set({ kind, ...value })}
      label={t('form.score')}
      status={faulty('ge', 'gt', 'le', 'lt', 'eq')}
    />
  )
}

/** One level of the ladder or several. */
export function LifecycleForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const levels = useLadder()?.levels ?? []
  const chosen = Array.isArray(leaf.level) ? leaf.level : leaf.level ? [leaf.level] : []
  return (
    <Select
      mode="multiple"
      aria-label={t('form.level')}
      placeholder={t('form.level')}
      value={chosen.map(String)}
      status={faulty('level')}
      onChange={(level: string[]) => set({ ...leaf, level: level.length ? level : undefined })}
      options={levels.map((one) => ({ value: one.key, label: one.name }))}
      optionFilterProp="label"
      style={{ minWidth: 240 }}
    />
  )
}
