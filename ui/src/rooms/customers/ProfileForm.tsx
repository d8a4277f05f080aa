import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Form, Input, InputNumber, Modal, Select, Space, Switch, Typography } from 'antd'
import { ApiError, api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useFault } from '@/shared/fault'
import { useAttributes, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Profile } from './CustomerPage'

type Definition = components['schemas']['DefinitionOut']
const HIDDEN = new Set(['avatar', 'owner_id'])

function field(definition: Definition, say: (key: string, values?: Record<string, unknown>) => string) {
  switch (definition.type) {
    case 'enum':
      return (
        <Select
          allowClear
          options={definition.options.map((value) => ({
            value,
            label: say(`${definition.name}.${value}`, { defaultValue: value }),
          }))}
        />
      )
    case 'int':
    case 'number':
    case 'money':
      return <InputNumber style={{ width: '100%' }} />
    case 'bool':
      return <Switch />
    case 'date':
      return <Input type="date" />
    default:
      return <Input maxLength={500} />
  }
}

/** The present value masked, with ways to write another or to remove it. Undefined keeps it, null removes it. */
function Masked({
  id,
  shown,
  value,
  onChange,
}: {
  id?: string
  shown: string
  value?: string | null
  onChange?: (value: string | null | undefined) => void
}) {
  const t = useSay()
  const back = <Button onClick={() => onChange?.(undefined)}>{t('customer.keep_value')}</Button>
  if (value === undefined)
    return (
      <Space.Compact block>
        <Input id={id} readOnly value={shown} />
        <Button onClick={() => onChange?.('')}>{t('customer.change_value')}</Button>
        <Button danger onClick={() => onChange?.(null)}>
          {t('customer.remove_value')}
        </Button>
      </Space.Compact>
    )
  if (value === null)
    return (
      <Space.Compact block>
        <Input id={id} readOnly status="warning" value={t('customer.value_goes', { value: shown })} />
        {back}
      </Space.Compact>
    )
  return (
    <Space.Compact block>
      <Input
        id={id}
        autoFocus
        maxLength={500}
        value={value}
        placeholder={t('customer.new_value', { value: shown })}
        onChange={(event) => onChange?.(event.target.value)}
      />
      {back}
    </Space.Compact>
  )
}

/** Edit attributes by hand. A masked phone or email stays as it is unless it is changed or removed on purpose. */
export function ProfileForm({ profile, open, close }: { profile: Profile; open: boolean; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const names = useNames()
  const client = useQueryClient()
  const definitions = (useAttributes().data ?? []).filter((one) => one.mode !== 'rule' && !HIDDEN.has(one.name))
  const [form] = Form.useForm<Record<string, unknown>>()
  const masked = (name: string) =>
    (name === 'phone' || name === 'email') && String(profile.attributes[name] ?? '').includes('*')

  const saving = useMutation({
    mutationFn: (attributes: Record<string, unknown>) =>
      data(
        api.PATCH('/api/customers/{customer_id}/attributes', {
          params: { path: { customer_id: profile.customer_id } },
          body: { attributes },
        }),
      ),
    onSuccess: async () => {
      tell.done(t('customer.saved'))
      close()
      await client.invalidateQueries({ queryKey: ['customer', profile.customer_id] })
    },
    onError: (error) => {
      const name = error instanceof ApiError ? error.field?.split('.').at(-1) : undefined
      if (error instanceof ApiError && name && definitions.some((one) => one.name === name))
        form.setFields([{ name, errors: [fault(error)] }])
      else tell.failed(error)
    },
  })

  function submit(values: Record<string, unknown>) {
    const changed: Record<string, unknown> = {}
    for (const [name, given] of Object.entries(values)) {
      const value = given === '' || given === undefined ? null : given
      if (masked(name) ? given !== undefined && given !== '' : value !== (profile.attributes[name] ?? null))
        changed[name] = value
    }
    if (Object.keys(changed).length) saving.mutate(changed)
    else close()
  }

  return (
    <Modal
      open={open}
      onCancel={close}
      title={t('customer.edit')}
      okText={t('shared.save')}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
      destroyOnHidden
    >
      <Typography.Paragraph type="secondary">{t('customer.edit_hint')}</Typography.Paragraph>
      <Form
        form={form}
        layout="vertical"
        onFinish={submit}
        initialValues={Object.fromEntries(
          definitions.map((one) => [one.name, masked(one.name) ? undefined : profile.attributes[one.name]]),
        )}
      >
        {definitions.map((one) => (
          <Form.Item
            key={one.name}
            name={one.name}
            label={names.attribute(one.name)}
            valuePropName={one.type === 'bool' ? 'checked' : 'value'}
          >
            {masked(one.name) ? <Masked shown={String(profile.attributes[one.name])} /> : field(one, t)}
          </Form.Item>
        ))}
      </Form>
    </Modal>
  )
}
