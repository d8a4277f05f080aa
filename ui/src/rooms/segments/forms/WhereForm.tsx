import { CloseOutlined, PlusOutlined } from '@ant-design/icons'
import { AutoComplete, Button, Flex, Input, InputNumber, Select } from 'antd'
import { useState } from 'react'
import { useSay } from '@/shared/say'
import { NUMERIC, PROPERTIES, TESTS, type Test, typed, whereOf } from '../where'
import { useFaulty } from './faulty'

type Kind = 'text' | 'number' | 'bool'

function kindOf(value: unknown): Kind {
  const one = Array.isArray(value) ? value[0] : value
  return typeof one === 'number' ? 'number' : typeof one === 'boolean' ? 'bool' : 'text'
}

/** Tests of an event's properties; all must hold. */
export function WhereForm({
  tests,
  hidden,
  types,
  set,
}: {
  tests: Test[]
  /** The test that has a field of its own while it is the only one. */
  hidden: Test | null
  types: string[]
  set: (where: Record<string, unknown> | undefined) => void
}) {
  const t = useSay()
  const known = [...new Set(types.flatMap((type) => PROPERTIES[type] ?? []))]
  const change = (at: number, test: Test) => set(whereOf(tests.map((one, index) => (index === at ? test : one))))
  return (
    <>
      {(hidden && tests.length === 1 ? [] : tests).map((test, at) => (
        <Flex key={`${test.property}:${test.op}`} gap={4} wrap align="center" className="cond-where">
          <Property value={test.property} known={known} set={(property) => change(at, { ...test, property })} />
          <Select
            aria-label={t('form.operator')}
            value={test.op}
            onChange={(op) => change(at, { ...test, op, value: op === 'exists' ? true : op === 'in' ? [] : undefined })}
            options={TESTS.map((op) => ({
              value: op,
              label: t(`op.name.${op}`),
              disabled: op !== test.op && tests.some((one) => one.property === test.property && one.op === op),
            }))}
            style={{ minWidth: 104 }}
          />
          {test.op !== 'exists' && <Operand test={test} set={(value) => change(at, { ...test, value })} />}
          <Button
            size="small"
            type="text"
            icon={<CloseOutlined />}
            aria-label={t('form.where_less')}
            onClick={() => set(whereOf(tests.filter((_, index) => index !== at)))}
          />
        </Flex>
      ))}
      <Button
        size="small"
        type="dashed"
        icon={<PlusOutlined />}
        disabled={tests.some((one) => one.property === '')}
        onClick={() => set(whereOf([...tests, { property: '', op: 'eq', value: undefined }]))}
      >
        {t('form.where_more')}
      </Button>
    </>
  )
}

/** The name is taken when it is complete: each letter on the way would be a property of its own. */
function Property({ value, known, set }: { value: string; known: string[]; set: (value: string) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  const [text, setText] = useState(value)
  return (
    <AutoComplete
      value={text}
      onChange={setText}
      onSelect={(chosen: string) => set(chosen)}
      onBlur={() => text.trim() && text.trim() !== value && set(text.trim())}
      status={faulty('where')}
      options={known.map((name) => ({
        value: name,
        label: `${name} ${t(`property.${name}`, { defaultValue: '' })}`,
      }))}
      aria-label={t('form.property')}
      placeholder={t('form.property')}
      style={{ width: 130 }}
    />
  )
}

function Operand({ test, set }: { test: Test; set: (value: unknown) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  const [kind, setKind] = useState<Kind>(kindOf(test.value))
  const label = t('form.value')
  if (NUMERIC.includes(test.op))
    return (
      <InputNumber
        aria-label={label}
        placeholder={label}
        value={typeof test.value === 'number' ? test.value : null}
        status={faulty('where')}
        onChange={(given) => set(given ?? undefined)}
        style={{ width: 100 }}
      />
    )
  if (test.op === 'contains' || test.op === 'starts')
    return <Text value={test.value} set={(text) => set(text || undefined)} />
  return (
    <>
      <Select<Kind>
        aria-label={t('form.as')}
        value={kind}
        onChange={(next) => {
          setKind(next)
          set(test.op === 'in' ? [] : next === 'bool' ? true : undefined)
        }}
        options={(['text', 'number', 'bool'] as const)
          .filter((one) => one !== 'bool' || test.op !== 'in')
          .map((one) => ({ value: one, label: t(`form.as.${one}`) }))}
        style={{ width: 84 }}
      />
      {test.op === 'in' ? (
        <Select
          mode="tags"
          open={false}
          suffixIcon={null}
          aria-label={label}
          placeholder={t('form.values')}
          value={(Array.isArray(test.value) ? test.value : []).map(String)}
          onChange={(texts: string[]) => set(texts.map((one) => typed(one, kind)).filter((one) => one !== undefined))}
          style={{ minWidth: 160 }}
        />
      ) : kind === 'bool' ? (
        <Select
          aria-label={label}
          value={test.value !== false}
          onChange={set}
          options={[true, false].map((value) => ({ value, label: t(value ? 'value.true' : 'value.false') }))}
          style={{ width: 72 }}
        />
      ) : kind === 'number' ? (
        <InputNumber
          aria-label={label}
          placeholder={label}
          value={typeof test.value === 'number' ? test.value : null}
          onChange={(given) => set(given ?? undefined)}
          style={{ width: 100 }}
        />
      ) : (
        <Text value={test.value} set={(text) => set(text || undefined)} />
      )}
    </>
  )
}

function Text({ value, set }: { value: unknown; set: (text: string) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  return (
    <Input
      aria-label={t('form.value')}
      placeholder={t('form.value')}
      value={String(value ?? '')}
      maxLength={200}
      status={faulty('where')}
      onChange={(event) => set(event.target.value)}
      style={{ width: 140 }}
    />
  )
}
