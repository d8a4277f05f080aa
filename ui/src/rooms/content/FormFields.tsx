import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Card, Checkbox, Flex, Form, Input, Select, Typography } from 'antd'
import { useAttributes, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { FIELD_TYPES, type FieldType, type FormField, fieldName } from './draft'
import type { FaultAt } from './Fields'

const PURPOSES = ['profiling', 'contact', 'terms'] as const
const STEPS = [1, 2, 3, 4, 5]

/** What a form asks, from top to bottom; each field may fill an attribute of the customer. */
export function FormFields({
  fields,
  change,
  fault,
}: {
  fields: FormField[]
  change: (fields: FormField[]) => void
  fault: FaultAt
}) {
  const t = useSay()
  const put = (at: number, field: FormField) => change(fields.map((one, index) => (index === at ? field : one)))
  function move(at: number, by: number) {
    const moved = [...fields]
    const [one] = moved.splice(at, 1)
    if (one) moved.splice(at + by, 0, one)
    change(moved)
  }
  return (
    <Form.Item label={t('content.fields')} {...fault('body.fields')}>
      <Flex vertical gap={8}>
        {fields.map((field, at) => (
          <OneField
            key={field.name}
            field={field}
            number={at + 1}
            fault={(rest) => fault(['body.fields', at, rest].filter((part) => part !== '').join('.'))}
            taken={new Set(fields.filter((_, other) => other !== at).map((other) => other.maps_to ?? ''))}
            change={(changed) => put(at, changed)}
            up={at > 0 ? () => move(at, -1) : null}
            down={at < fields.length - 1 ? () => move(at, 1) : null}
            drop={fields.length > 1 ? () => change(fields.filter((_, other) => other !== at)) : null}
          />
        ))}
        <Button
          type="dashed"
          icon={<PlusOutlined />}
          disabled={fields.length >= 40}
          onClick={() =>
            change([
              ...fields,
              { name: fieldName(fields), label: '', type: 'text', step: fields[fields.length - 1]?.step },
            ])
          }
        >
          {t('content.add_field')}
        </Button>
      </Flex>
    </Form.Item>
  )
}

function OneField({
  field,
  number,
  fault,
  taken,
  change,
  up,
  down,
  drop,
}: {
  field: FormField
  number: number
  fault: FaultAt
  taken: ReadonlySet<string>
  change: (field: FormField) => void
  up: (() => void) | null
  down: (() => void) | null
  drop: (() => void) | null
}) {
  const t = useSay()
  const set = (values: Partial<FormField>) => change({ ...field, ...values })
  const choice = field.type === 'select' || field.type === 'multi'
  function turn(type: FieldType) {
    const many = type === 'select' || type === 'multi'
    const weak = type === 'phone' || type === 'email'
    set({
      type,
      options: many ? (field.options ?? []) : undefined,
      purpose: type === 'consent' ? 'profiling' : undefined,
      maps_to: weak && !taken.has(type) ? type : undefined,
    })
  }
  const name = (word: string) => t('content.of_field', { what: t(word), number })
  return (
    <Card size="small" styles={{ body: { padding: 12 } }} data-testid="form-field">
      <Flex gap={8} align="start" wrap>
        <Form.Item {...fault('label')} style={{ flex: '1 1 200px', marginBottom: 8 }}>
          <Input
            aria-label={name('content.field_label')}
            placeholder={t(field.type === 'consent' ? 'content.consent_text' : 'content.field_label')}
            maxLength={80}
            value={field.label}
            onChange={(event) => set({ label: event.target.value })}
          />
        </Form.Item>
        <Select
          aria-label={name('content.field_type')}
          value={field.type}
          style={{ width: 116 }}
          onChange={turn}
          options={FIELD_TYPES.map((type) => ({ value: type, label: t(`content.type.${type}`) }))}
        />
        <Flex>
          <Button
            type="text"
            icon={<ArrowUpOutlined />}
            aria-label={name('content.up')}
            disabled={!up}
            onClick={up ?? undefined}
          />
          <Button
            type="text"
            icon={<ArrowDownOutlined />}
            aria-label={name('content.down')}
            disabled={!down}
            onClick={down ?? undefined}
          />
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={name('content.drop')}
            disabled={!drop}
            onClick={drop ?? undefined}
          />
        </Flex>
      </Flex>
      {choice && (
        <Form.Item {...fault('options')} style={{ marginBottom: 8 }}>
          <Select
            mode="tags"
            open={false}
            suffixIcon={null}
            aria-label={name('content.options')}
            placeholder={t('content.options_hint')}
            tokenSeparators={['，', ',', '；', ';']}
            value={field.options ?? []}
            onChange={(options: string[]) => set({ options })}
          />
        </Form.Item>
      )}
      <Form.Item {...fault('')} style={{ marginBottom: 0 }}>
        <Flex gap={12} wrap align="center">
          <Checkbox checked={field.required ?? false} onChange={(event) => set({ required: event.target.checked })}>
            {t('content.required')}
          </Checkbox>
          <Select
            aria-label={name('content.step')}
            value={field.step ?? 1}
            style={{ width: 100 }}
            onChange={(step) => set({ step })}
            options={STEPS.map((step) => ({ value: step, label: t('content.step_number', { step }) }))}
          />
          {field.type === 'consent' ? (
            <Select
              aria-label={name('content.purpose')}
              value={field.purpose ?? 'profiling'}
              style={{ width: 190 }}
              onChange={(purpose) => set({ purpose })}
              options={PURPOSES.map((one) => ({ value: one, label: t(`content.purpose.${one}`) }))}
            />
          ) : (
            <MapsTo field={field} name={name('content.maps_to')} taken={taken} set={set} />
          )}
        </Flex>
        <Typography.Text type="danger">{fault('maps_to').help ?? fault('purpose').help}</Typography.Text>
      </Form.Item>
    </Card>
  )
}

function MapsTo({
  field,
  name,
  taken,
  set,
}: {
  field: FormField
  name: string
  taken: ReadonlySet<string>
  set: (values: Partial<FormField>) => void
}) {
  const t = useSay()
  const names = useNames()
  const attributes = useAttributes().data ?? []
  const fits = { number: ['number', 'int'], date: ['date', 'text'] }[field.type as 'number' | 'date'] ?? [
    'text',
    'enum',
  ]
  const weak = field.type === 'phone' || field.type === 'email' ? [field.type] : []
  const options = [
    ...weak.map((one) => ({ value: one as string, label: t(`content.weak.${one}`) })),
    ...attributes
      .filter((one) => fits.includes(one.type) && one.mode !== 'hand')
      .map((one) => ({ value: one.name, label: names.attribute(one.name) })),
  ]
  return (
    <>
      <Select
        allowClear
        showSearch={{ optionFilterProp: 'label' }}
        aria-label={name}
        placeholder={t('content.maps_nowhere')}
        value={field.maps_to ?? undefined}
        style={{ width: 190 }}
        onChange={(maps_to: string | undefined) => set({ maps_to, ...(maps_to ? {} : { ask: undefined }) })}
        options={options.filter((one) => !taken.has(one.value))}
      />
      {field.maps_to && (
        <Checkbox
          checked={field.ask === 'unknown'}
          onChange={(event) => set({ ask: event.target.checked ? 'unknown' : undefined })}
        >
          {t('content.ask_unknown')}
        </Checkbox>
      )}
    </>
  )
}
