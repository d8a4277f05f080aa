import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, DatePicker, Flex, InputNumber, Select } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { createContext, useContext } from 'react'
import { useSay } from '@/shared/say'
import { dawn, instant, local } from '@/shared/when'
import { EVENT_TYPES } from '../kinds'
import { useFaulty } from './faulty'

const UNITS = ['m', 'h', 'd', 'w']
type Status = 'error' | ''

/** A duration such as "12h". */
export function Span({
  value,
  set,
  label,
  status,
}: {
  value: unknown
  set: (value: string) => void
  label: string
  status?: Status
}) {
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
        status={status}
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

const MINUTE = 'YYYY-MM-DD HH:mm'
/** The company's wall clock for the picker, which counts in the browser's zone. */
const shown = (moment: Dayjs) => dayjs(moment.format('YYYY-MM-DDTHH:mm:ss'))
const midnight = (value: unknown) => !value || local(String(value)).format('HH:mm:ss') === '00:00:00'

/** From-to in whole days, or to the minute where a bound is no midnight. The API's ranges are [from, to). */
function Between({ value, set }: { value: Windowed; set: (value: Windowed) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  const days = midnight(value.from) && midnight(value.to)
  const first = value.from ? shown(local(String(value.from))) : null
  const last = value.to ? shown(local(String(value.to))) : null
  // The chosen last day belongs to the range.
  const end = last && days ? last.subtract(1, 'day') : last
  return (
    <DatePicker.RangePicker
      allowEmpty
      aria-label={t('form.when.between')}
      status={faulty('from', 'to')}
      showTime={days ? false : { format: 'HH:mm' }}
      format={days ? 'YYYY-MM-DD' : MINUTE}
      value={[first, end]}
      onChange={(chosen) => {
        const [from, to] = chosen ?? [null, null]
        const bound = (one: Dayjs, plus: number) =>
          days ? dawn(one.add(plus, 'day').format('YYYY-MM-DD')) : instant(one.format('YYYY-MM-DDTHH:mm'))
        set({ from: from ? bound(from, 0) : undefined, to: to ? bound(to, 1) : undefined })
      }}
    />
  )
}

/** Whether the condition belongs to a journey, where people have entered something. */
export const Entered = createContext(false)

/** When it happened: since entering (in journeys), any time, the last N days, a calendar term, or from-to. */
export function WindowForm({ value, set }: { value: Windowed; set: (value: Windowed) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  const inside = useContext(Entered)
  const mode =
    value.within !== undefined
      ? 'within'
      : value.period !== undefined
        ? 'period'
        : 'from' in value || 'to' in value
          ? 'between'
          : value.since === 'entered'
            ? 'entered'
            : 'any'
  const none: Windowed = { within: undefined, period: undefined, from: undefined, to: undefined, since: undefined }
  function turn(next: string) {
    if (next === 'entered') set({ ...none, since: 'entered' })
    else if (next === 'within') set({ ...none, within: '30d' })
    else if (next === 'period') set({ ...none, period: 'this_month' })
    else if (next === 'between') set({ ...none, from: dawn(local().subtract(30, 'day').format('YYYY-MM-DD')) })
    else set(none)
  }
  return (
    <>
      <Select
        aria-label={t('form.when')}
        value={mode === 'between' && !value.from && !value.to ? 'any' : mode}
        onChange={turn}
        style={{ minWidth: 104 }}
        options={[...(inside ? ['entered'] : []), 'any', 'within', 'period', 'between'].map((one) => ({
          value: one,
          label: t(`form.when.${one}`),
        }))}
      />
      {mode === 'within' && (
        <Span
          label={t('form.when.within')}
          value={value.within}
          status={faulty('within')}
          set={(within) => set({ ...none, within })}
        />
      )}
      {mode === 'period' && (
        <Select
          aria-label={t('form.when.period')}
          value={String(value.period)}
          status={faulty('period')}
          onChange={(period) => set({ ...none, period })}
          options={periods(t)}
          style={{ minWidth: 90 }}
        />
      )}
      {mode === 'between' && (value.from || value.to) && (
        <Between value={value} set={(change) => set({ ...none, ...change })} />
      )}
    </>
  )
}

const SIGNS = ['ge', 'le', 'eq', 'gt', 'lt'] as const
type Bounds = Record<string, number | null | undefined>

/** A comparison of a number: at least, at most, exactly; or two of them, which must both hold. */
export function RangeForm({
  value,
  set,
  label,
  status,
  scale = 1,
}: {
  value: unknown
  set: (value: Record<string, number> | undefined) => void
  label: string
  status?: Status
  scale?: number
}) {
  const t = useSay()
  const given = (typeof value === 'number' ? { eq: value } : (value ?? {})) as Bounds
  const bounds = Object.entries(given).filter((one): one is [string, number] => typeof one[1] === 'number')
  const shown: [string, number | null][] = bounds.length ? bounds : [['ge', null]]
  const free = SIGNS.filter((sign) => !shown.some(([used]) => used === sign))
  function put(at: number, sign: string, number: number | null) {
    const next = shown.map((one, index) => (index === at ? ([sign, number] as const) : one))
    const kept = next.filter((one): one is [string, number] => one[1] !== null)
    set(kept.length ? Object.fromEntries(kept) : undefined)
  }
  return (
    <>
      {shown.map(([sign, number], at) => (
        <Flex gap={4} key={sign} align="center">
          <Select
            aria-label={label}
            value={sign}
            onChange={(next) => put(at, next, number ?? 1)}
            options={[sign, ...free].map((one) => ({ value: one, label: t(`range.name.${one}`) }))}
            style={{ width: 92 }}
          />
          <InputNumber
            aria-label={label}
            min={0}
            value={number === null ? null : number / scale}
            status={status}
            onChange={(next) => put(at, sign, next === null ? null : Math.round(next * scale))}
            style={{ width: 86 }}
          />
          {shown.length > 1 && (
            <Button
              size="small"
              type="text"
              icon={<CloseOutlined />}
              aria-label={t('form.bound_less', { label })}
              onClick={() => put(at, sign, null)}
            />
          )}
        </Flex>
      ))}
      {bounds.length === 1 && bounds[0]?.[0] !== 'eq' && (
        <Button
          size="small"
          type="text"
          icon={<PlusOutlined />}
          aria-label={t('form.bound_more', { label })}
          title={t('form.bound_more', { label })}
          onClick={() => {
            const [sign, number] = bounds[0] ?? ['ge', 0]
            const other = sign === 'ge' || sign === 'gt' ? 'le' : 'ge'
            set({ [sign]: number, [other]: other === 'le' ? number + scale : 0 })
          }}
        />
      )}
    </>
  )
}

export function EventType({ value, set }: { value: unknown; set: (value: string | string[] | undefined) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  const chosen = Array.isArray(value) ? value.map(String) : value ? [String(value)] : []
  return (
    <Select
      mode="tags"
      aria-label={t('form.event')}
      placeholder={t('form.event')}
      value={chosen}
      status={faulty('type')}
      onChange={(types) => set(types.length > 1 ? types : types[0])}
      options={EVENT_TYPES.map((type) => ({ value: type, label: t(`event.${type}`, { defaultValue: type }) }))}
      optionFilterProp="label"
      style={{ minWidth: 180 }}
    />
  )
}
