import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Flex, Form, Input, InputNumber, Modal, Radio, Select, Switch } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import { MatcherForm } from '@/rooms/segments/forms/EventForms'
import { RefusedAt } from '@/rooms/segments/forms/faulty'
import { useFault } from '@/shared/fault'
import { settable, useSegments, useTags } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { lately, type Matcher, matcherOf } from './matching'
import { Reach } from './Reach'
import type { TagRule } from './TagRules'

interface Draft {
  name: string
  tag_id: number
  by: 'segment' | 'events'
  segment_id?: number | null
  days?: number | null
  active: boolean
}

/** Makes a tag rule, changes or stops it, and says whom it would concern. */
export function TagRuleDialog({ rule, close }: { rule: TagRule | null; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const segments = useSegments().data ?? []
  const groups = useTags().data?.groups ?? []
  const [form] = Form.useForm<Draft>()
  const by = Form.useWatch('by', form) ?? (rule?.events ? 'events' : 'segment')
  const segment = Form.useWatch('segment_id', form) ?? rule?.segment_id
  const [events, setEvents] = useState<Matcher>(rule?.events ?? {})
  const [refused, setRefused] = useState<{ at: string; message: string } | null>(null)
  const saving = useMutation({
    mutationFn: ({ name, tag_id, active, ...draft }: Draft) => {
      const condition =
        draft.by === 'segment'
          ? { segment_id: draft.segment_id ?? null, events: null, days: null }
          : { segment_id: null, events: matcherOf(events), days: draft.days ?? null }
      const body = { name: name.trim(), tag_id, active, ...condition }
      return rule
        ? data(api.PUT('/api/lifecycle/tag-rules/{rule_id}', { params: { path: { rule_id: rule.rule_id } }, body }))
        : data(api.POST('/api/lifecycle/tag-rules', { body }))
    },
    onSuccess: async () => {
      tell.done(t('lifecycle.rule_saved'))
      await client.invalidateQueries({ queryKey: ['tag-rules'] })
      await client.invalidateQueries({ queryKey: ['tags'] })
      close()
    },
    onError: (error) => {
      const field = error instanceof ApiError ? (error.field ?? '') : ''
      if (field.startsWith('events')) setRefused({ at: field.slice('events.'.length), message: fault(error) })
      else if (field) form.setFields([{ name: field as keyof Draft, errors: [fault(error)] }])
      else tell.failed(error)
    },
  })
  const condition = by === 'segment' ? (segment ? { kind: 'segment', segment } : null) : lately(events)
  return (
    <Modal
      open
      onCancel={close}
      width={640}
      title={t(rule ? 'lifecycle.change_rule' : 'lifecycle.new_tag_rule')}
      okText={t('shared.save')}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={rule ? { ...rule, by } : { by: 'segment', active: true }}
        onFinish={(draft) => {
          if (draft.by === 'segment' || events.type) saving.mutate(draft)
          else setRefused({ at: 'type', message: t('lifecycle.event_needed') })
        }}
      >
        <Form.Item
          name="name"
          label={t('lifecycle.rule')}
          rules={[{ required: true, whitespace: true, message: t('lifecycle.name_needed') }]}
        >
          <Input autoFocus maxLength={60} placeholder={t('lifecycle.tag_name_hint')} />
        </Form.Item>
        <Form.Item name="tag_id" label={t('tags.tag')} rules={[{ required: true, message: t('form.tag') }]}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('form.tag')}
            options={settable(groups, { kept: rule?.tag_id })}
          />
        </Form.Item>
        <Form.Item name="by" label={t('lifecycle.when')}>
          <Radio.Group
            options={(['segment', 'events'] as const).map((value) => ({ value, label: t(`lifecycle.by.${value}`) }))}
          />
        </Form.Item>
        {by === 'segment' ? (
          <Form.Item
            name="segment_id"
            label={t('customers.segment')}
            rules={[{ required: true, message: t('form.segment') }]}
          >
            <Select
              showSearch={{ optionFilterProp: 'label' }}
              placeholder={t('form.segment')}
              options={segments.map((one) => ({ value: one.segment_id, label: one.name }))}
            />
          </Form.Item>
        ) : (
          <>
            <Form.Item
              label={t('lifecycle.events')}
              validateStatus={refused ? 'error' : undefined}
              help={refused?.message}
            >
              <RefusedAt path={refused?.at ?? null}>
                <Flex wrap gap={8}>
                  <MatcherForm
                    value={events}
                    set={(value) => {
                      setRefused(null)
                      setEvents(value)
                    }}
                  />
                </Flex>
              </RefusedAt>
            </Form.Item>
            <Form.Item name="days" label={t('lifecycle.lasts')}>
              <InputNumber
                min={1}
                max={3650}
                precision={0}
                suffix={t('lifecycle.days')}
                placeholder={t('lifecycle.for_good')}
                style={{ width: 160 }}
              />
            </Form.Item>
          </>
        )}
        <Form.Item name="active" label={t('lifecycle.active')} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Reach
          condition={condition}
          word={by === 'segment' ? 'lifecycle.reach_segment' : 'lifecycle.reach_tag_events'}
        />
      </Form>
    </Modal>
  )
}
