import { Input } from 'antd'
import type { ComponentType } from 'react'
import { useState } from 'react'
import type { Leaf } from '../model'
import { AttributeForm } from './AttributeForm'
import { EventForm, SequenceForm } from './EventForms'
import { AccountForm, FollowForm, OwnerForm, PushesForm } from './FollowForms'
import { ChannelForm, StageForm } from './JourneyForms'
import { LifecycleForm, ScoreForm } from './LifecycleForms'
import { DateForm, OrderForm, SegmentForm, SourceForm, TagForm } from './PlainForms'

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
  follow: FollowForm,
  pushes: PushesForm,
  score: ScoreForm,
  lifecycle: LifecycleForm,
  stage: StageForm,
  channel: ChannelForm,
}

export function LeafForm(props: LeafFormProps) {
  const Form = FORMS[props.leaf.kind] ?? PlainForm
  return <Form {...props} />
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
