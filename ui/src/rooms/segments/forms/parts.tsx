import { DatePicker, Flex, InputNumber, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useSay } from '@/shared/say'
import { dawn, local } from '@/shared/when'
import { EVENT_TYPES } from '../kinds'

const UNITS = ['m', 'h', 'd', 'w']

/** A duration such as "12h". */
export function Span({ value, set, label }: { value: unknown; set: (value: string) => void; label: string }) {
  const t = useSay()
  const found = /^(\d+)([mhdw])$/.exec(String(value ?? ''))
  const number = found ? Number(found[1]) : null
  const unit = found?.[2] ?? 'd'
  return (
    <Flex gap={4}>
      <InputNumber
        aria-label={label}
        min={1}
        max={3660}
        precision={0}
        value={number}
        onChange={(given) => set(given ? `${given}${unit}` : '')}
        style={{ width: 76 }}
      />
      <Select
        aria-label={t('form.unit')}
        value={unit}
        onChange={(given) => set(`${number ?? 1}${given}`)}
        options={UNITS.map((one) => ({ value: one, label: t(`unit.name.${one}`) }))}
        style={{ width: 84 }}
      />
    </Flex>
  )
}

const PERIODS = ['today', 'yesterday', 'this_week', 'last_week', 'this_month', 'last_month', 'this_year', 'last_year']

export function periods(say: (key: string) => string) {
  return PERIODS.map((value) => ({ value, label: say(`period.${value}`) }))
}

interface Windowed {
  [parameter: string]: unknown
  within?: unknown
  period?: unknown
  from?: unknown
  to?: unknown
  since?: unknown
}

/** The same day for the picker, which counts in the browser's zone. */
const shown = (moment: Dayjs) => dayjs(moment.format('YYYY-MM-DD'))

/** When it happened: any time, the last N days, a calendar term, or from-to. */
export function WindowForm({ value, set }: { value: Windowed; set: (value: Windowed) => void }) {
  const t = useSay()
  const mode =
    value.within !== undefined ? 'within' : value.period ? 'period' : value.from || value.to ? 'between' : 'any'
  const none: Windowed = { within: undefined, period: undefined, from: undefined, to: undefined }
  function turn(next: string) {
    if (next === 'within') set({ ...none, within: '30d' })
    else if (next === 'period') set({ ...none, period: 'this_month' })
    else if (next === 'between') set({ ...none, from: dawn(local().subtract(30, 'day').format('YYYY-MM-DD')) })
    else set(none)
  }
  return (
    <>
      <Select
        aria-label={t('form.when')}
        value={mode}
        onChange={turn}
        style={{ minWidth: 104 }}
        options={['any', 'within', 'period', 'between'].map((one) => ({ value: one, label: t(`form.when.${one}`) }))}
      />
      {mode === 'within' && (
        <Span label={t('form.when.within')} value={value.within} set={(within) => set({ ...none, within })} />
      )}
      {mode === 'period' && (
        <Select
          aria-label={t('form.when.period')}
          value={String(value.period)}
          onChange={(period) => set({ ...none, period })}
          options={periods(t)}
          style={{ minWidth: 90 }}
        />
      )}
      {mode === 'between' && (
        <DatePicker.RangePicker
          allowEmpty
          value={[
            value.from ? shown(local(String(value.from))) : null,
            value.to ? shown(local(String(value.to)).subtract(1, 'day')) : null,
          ]}
          onChange={(days) =>
            set({
              ...none,
              from: days?.[0] ? dawn(days[0].format('YYYY-MM-DD')) : undefined,
              // The API's ranges are [from, to): the chosen last day belongs to it.
              to: days?.[1] ? dawn(days[1].add(1, 'day').format('YYYY-MM-DD')) : undefined,
            })
          }
        />
      )}
    </>
  )
}

/** A comparison of a number: at least, at most, exactly. */
export function RangeForm({
  value,
  set,
  label,
  scale = 1,
}: {
  value: unknown
  set: (value: Record<string, number> | undefined) => void
  label: string
  scale?: number
}) {
  const t = useSay()
  const given = (typeof value === 'number' ? { eq: value } : (value ?? {})) as Record<string, number>
  const sign = Object.keys(given)[0] ?? 'ge'
  const number = given[sign]
  return (
    <Flex gap={4}>
      <Select
        aria-label={label}
        value={sign}
        onChange={(next) => set({ [next]: number ?? 1 })}
        options={['ge', 'le', 'eq', 'gt', 'lt'].map((one) => ({ value: one, label: t(`range.name.${one}`) }))}
        style={{ width: 92 }}
      />
      <InputNumber
        aria-label={label}
        min={0}
        value={number === undefined ? null : number / scale}
        onChange={(next) => set(next === null ? undefined : { [sign]: Math.round(next * scale) })}
        style={{ width: 86 }}
      />
    </Flex>
  )
}

export function EventType({ value, set }: { value: unknown; set: (value: string | string[] | undefined) => void }) {
  const t = useSay()
  const chosen = Array.isArray(value) ? value.map(String) : value ? [String(value)] : []
  return (
    <Select
      mode="tags"
      aria-label={t('form.event')}
      placeholder={t('form.event')}
      value={chosen}
      onChange={(types) => set(types.length > 1 ? types : types[0])}
      options={EVENT_TYPES.map((type) => ({ value: type, label: t(`event.${type}`, { defaultValue: type }) }))}
      optionFilterProp="label"
      style={{ minWidth: 180 }}
    />
  )
}
