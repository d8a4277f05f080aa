import { Flex, Input, InputNumber, Select } from 'antd'
import type { components } from '@/api/schema'
import { useAttributes, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { instant, local } from '@/shared/when'
import { OPERATORS } from '../kinds'
import { useFaulty } from './faulty'
import type { LeafFormProps } from './LeafForm'
import { periods, Span } from './parts'

type Definition = components['schemas']['DefinitionOut']
/** Types whose values are written as text; the others are numbers. */
const PLAIN = new Set(['text', 'enum', 'date'])
const unscaled = (type: string, given: number) => (type === 'money' ? Math.round(given * 100) : given)

const OWN = [
  { name: 'created_at', type: 'time' },
  { name: 'last_activity_at', type: 'time' },
] as const

export function AttributeForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const names = useNames()
  const definitions = useAttributes().data ?? []
  const known = definitions.filter((one) => one.name !== 'avatar' && one.name !== 'owner_id')
  const found = definitions.find((one) => one.name === leaf.name)
  const type = OWN.find((one) => one.name === leaf.name)?.type ?? found?.type ?? 'text'
  const operators = OPERATORS[type] ?? []
  return (
    <>
      <Select
        showSearch={{ optionFilterProp: 'label' }}
        aria-label={t('form.attribute')}
        placeholder={t('form.attribute')}
        value={leaf.name as string | undefined}
        status={faulty('name')}
        onChange={(name) => {
          const next =
            OWN.find((one) => one.name === name)?.type ?? definitions.find((one) => one.name === name)?.type ?? 'text'
          set({ kind: 'attribute', name, op: OPERATORS[next]?.[0] ?? 'eq' })
        }}
        options={[...known.map((one) => one.name), ...OWN.map((one) => one.name)].map((value) => ({
          value,
          label: names.attribute(value),
        }))}
        style={{ minWidth: 120 }}
      />
      <Select
        aria-label={t('form.operator')}
        value={String(leaf.op)}
        status={faulty('op')}
        onChange={(op) => set({ ...leaf, op, value: undefined })}
        options={operators.map((value) => ({ value, label: t(`op.name.${value}`) }))}
        style={{ minWidth: 104 }}
      />
      {leaf.op !== 'exists' && (
        <Value
          type={type}
          definition={found}
          op={String(leaf.op)}
          value={leaf.value}
          set={(value) => set({ ...leaf, value })}
        />
      )}
    </>
  )
}

function Value({
  type,
  definition,
  op,
  value,
  set,
}: {
  type: string
  definition: Definition | undefined
  op: string
  value: unknown
  set: (value: unknown) => void
}) {
  const t = useSay()
  const faulty = useFaulty()
  const label = t('form.value')
  if (op === 'period')
    return (
      <Select
        aria-label={label}
        placeholder={label}
        value={value as string | undefined}
        onChange={set}
        options={periods(t)}
        style={{ minWidth: 100 }}
      />
    )
  if (op === 'in')
    return (
      <Select
        mode={definition?.options.length ? 'multiple' : 'tags'}
        aria-label={label}
        placeholder={t(type === 'date' ? 'form.dates' : 'form.values')}
        status={faulty('value')}
        value={(Array.isArray(value) ? value : []).map((one) => String(type === 'money' ? Number(one) / 100 : one))}
        onChange={(chosen: string[]) =>
          set(PLAIN.has(type) ? chosen : chosen.map((one) => unscaled(type, Number(one))).filter(Number.isFinite))
        }
        options={definition?.options.map((one) => ({
          value: one,
          label: t(`${definition.name}.${one}`, { defaultValue: one }),
        }))}
        style={{ minWidth: 200 }}
      />
    )
  if (op === 'between') {
    const pair = Array.isArray(value) ? value : []
    return (
      <Flex gap={4} align="center">
        <One type={type} value={pair[0]} set={(first) => set([first, pair[1]])} label={label} definition={definition} />
        ~
        <One
          type={type}
          value={pair[1]}
          set={(second) => set([pair[0], second])}
          label={label}
          definition={definition}
        />
      </Flex>
    )
  }
  return <One type={type} value={value} set={set} label={label} definition={definition} />
}

function One({
  type,
  value,
  set,
  label,
  definition,
}: {
  type: string
  value: unknown
  set: (value: unknown) => void
  label: string
  definition: Definition | undefined
}) {
  const t = useSay()
  const status = useFaulty()('value')
  if (type === 'enum' || type === 'bool') {
    const options: { value: string | boolean; label: string }[] =
      type === 'bool'
        ? [true, false].map((one) => ({ value: one, label: t(one ? 'value.true' : 'value.false') }))
        : (definition?.options ?? []).map((one) => ({
            value: one,
            label: t(`${definition?.name}.${one}`, { defaultValue: one }),
          }))
    return (
      <Select<unknown, { value: string | boolean; label: string }>
        aria-label={label}
        placeholder={label}
        value={value}
        status={status}
        onChange={set}
        options={options}
        style={{ minWidth: 100 }}
      />
    )
  }
  if (type === 'int' || type === 'number' || type === 'money') {
    const scale = type === 'money' ? 100 : 1
    return (
      <InputNumber
        aria-label={label}
        value={typeof value === 'number' ? value / scale : null}
        status={status}
        onChange={(given) => set(given === null ? undefined : type === 'number' ? given : Math.round(given * scale))}
      />
    )
  }
  if (type === 'date' || type === 'time') return <Moment type={type} value={value} set={set} label={label} />
  return (
    <Input
      aria-label={label}
      placeholder={label}
      value={String(value ?? '')}
      status={status}
      onChange={(event) => set(event.target.value || undefined)}
      style={{ width: 160 }}
    />
  )
}

/** A day, or a time relative to now. */
function Moment({
  type,
  value,
  set,
  label,
}: {
  type: string
  value: unknown
  set: (value: unknown) => void
  label: string
}) {
  const t = useSay()
  const status = useFaulty()('value')
  const relative = typeof value === 'object' && value !== null ? (value as { ago?: string; ahead?: string }) : null
  const mode = relative ? (relative.ahead ? 'ahead' : 'ago') : 'day'
  return (
    <>
      <Select
        aria-label={label}
        value={mode}
        onChange={(next) => set(next === 'day' ? undefined : { [next]: '7d' })}
        options={['day', 'ago', 'ahead'].map((one) => ({ value: one, label: t(`form.moment.${one}`) }))}
        style={{ width: 92 }}
      />
      {relative ? (
        <Span
          label={label}
          status={status}
          value={relative.ago ?? relative.ahead}
          set={(length) => set({ [mode]: length })}
        />
      ) : (
        <Input
          type={type === 'time' ? 'datetime-local' : 'date'}
          aria-label={label}
          status={status}
          value={
            value && type === 'time'
              ? local(String(value)).format('YYYY-MM-DDTHH:mm')
              : String(value ?? '').slice(0, 10)
          }
          onChange={(event) => {
            const chosen = event.target.value
            set(chosen ? (type === 'time' ? instant(chosen) : chosen) : undefined)
          }}
          style={{ width: type === 'time' ? 200 : 150 }}
        />
      )}
    </>
  )
}
