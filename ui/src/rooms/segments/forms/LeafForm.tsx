import { Input, Select } from 'antd'
import type { ComponentType } from 'react'
import { useState } from 'react'
import { useSay } from '@/shared/say'
import type { Leaf } from '../model'
import { AttributeForm } from './AttributeForm'
import { EventForm, SequenceForm } from './EventForms'
import { AccountForm, DateForm, OrderForm, SegmentForm, SourceForm, TagForm } from './PlainForms'

export interface LeafFormProps {
  leaf: Leaf
  set: (leaf: Leaf) => void
  /** The segment that is being edited: it cannot depend on itself. */
  self: number | null
}

const FORMS: Record<string, ComponentType<LeafFormProps>> = {
  attribute: AttributeForm,
  tag: TagForm,
  event: EventForm,
  sequence: SequenceForm,
  segment: SegmentForm,
  source: SourceForm,
  account: AccountForm,
  date: DateForm,
  order: OrderForm,
  owner: OwnerForm,
}

export function LeafForm(props: LeafFormProps) {
  const Form = FORMS[props.leaf.kind] ?? PlainForm
  return <Form {...props} />
}

function OwnerForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  return (
    <Select
      mode="tags"
      open={false}
      suffixIcon={null}
      aria-label={t('form.staff')}
      placeholder={t('form.staff')}
      value={(Array.isArray(leaf.staff) ? leaf.staff : []).map(String)}
      onChange={(staff: string[]) =>
        set({ ...leaf, staff: staff.length ? staff.map((one) => (/^\d+$/.test(one) ? Number(one) : one)) : undefined })
      }
      style={{ minWidth: 240 }}
    />
  )
}

/** A kind that this screen has no form for: its parameters as JSON. */
function PlainForm({ leaf, set }: LeafFormProps) {
  const { kind, ...params } = leaf
  const [text, setText] = useState(JSON.stringify(params))
  return (
    <Input.TextArea
      aria-label={kind}
      autoSize
      value={text}
      onChange={(event) => {
        setText(event.target.value)
        try {
          set({ ...(JSON.parse(event.target.value) as Record<string, unknown>), kind })
        } catch {
          // not JSON yet: the last readable text stays in force
        }
      }}
    />
  )
}
