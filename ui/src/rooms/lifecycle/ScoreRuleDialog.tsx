import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Flex, Form, Input, InputNumber, Modal, Switch } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import { MatcherForm } from '@/rooms/segments/forms/EventForms'
import { RefusedAt } from '@/rooms/segments/forms/faulty'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { lately, type Matcher, matcherOf } from './matching'
import { Reach } from './Reach'
import type { ScoreRule } from './ScoreRules'

interface Draft {
  name: string
  points: number
  daily_cap: number | null
  total_cap: number | null
  active: boolean
}

const MOST = 10_000

/** Makes a score rule, changes or stops it, and says whom it would concern. */
export function ScoreRuleDialog({ rule, close }: { rule: ScoreRule | null; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const [form] = Form.useForm<Draft>()
  const [events, setEvents] = useState<Matcher>(rule?.events ?? {})
  const [refused, setRefused] = useState<{ at: string; message: string } | null>(null)
  const saving = useMutation({
    mutationFn: (draft: Draft) => {
      const body = { ...draft, name: draft.name.trim(), events: matcherOf(events) }
      return rule
        ? data(api.PUT('/api/lifecycle/score-rules/{rule_id}', { params: { path: { rule_id: rule.rule_id } }, body }))
        : data(api.POST('/api/lifecycle/score-rules', { body }))
    },
    onSuccess: async () => {
      tell.done(t('lifecycle.rule_saved'))
      await client.invalidateQueries({ queryKey: ['score-rules'] })
      close()
    },
    onError: (error) => {
      const field = error instanceof ApiError ? (error.field ?? '') : ''
      if (field.startsWith('events')) setRefused({ at: field.slice('events.'.length), message: fault(error) })
      else if (field) form.setFields([{ name: field as keyof Draft, errors: [fault(error)] }])
      else tell.failed(error)
    },
  })
  const cap = ({ getFieldValue }: { getFieldValue: (name: string) => number | undefined }) => ({
    validator: (_: unknown, value: number | null) =>
      value != null && value < Math.abs(getFieldValue('points') ?? 0)
        ? Promise.reject(new Error(t('lifecycle.cap_low')))
        : Promise.resolve(),
  })
  return (
    <Modal
      open
      onCancel={close}
      width={640}
      title={t(rule ? 'lifecycle.change_rule' : 'lifecycle.new_score_rule')}
      okText={t('shared.save')}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={rule ?? { points: 5, daily_cap: null, total_cap: null, active: true }}
        onFinish={(draft) => {
          if (events.type) saving.mutate(draft)
          else setRefused({ at: 'type', message: t('lifecycle.event_needed') })
        }}
      >
        <Form.Item
          name="name"
          label={t('lifecycle.rule')}
          rules={[{ required: true, whitespace: true, message: t('lifecycle.name_needed') }]}
        >
          <Input autoFocus maxLength={60} placeholder={t('lifecycle.score_name_hint')} />
        </Form.Item>
        <Form.Item label={t('lifecycle.events')} validateStatus={refused ? 'error' : undefined} help={refused?.message}>
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
        <Flex wrap gap="0 24px">
          <Form.Item
            name="points"
            label={t('lifecycle.worth')}
            extra={t('lifecycle.points_hint')}
            rules={[
              {
                validator: (_, value: number | null) =>
                  value ? Promise.resolve() : Promise.reject(new Error(t('lifecycle.points_needed'))),
              },
            ]}
          >
            <InputNumber min={-MOST} max={MOST} precision={0} style={{ width: 120 }} />
          </Form.Item>
          <Form.Item name="daily_cap" label={t('lifecycle.daily_cap')} dependencies={['points']} rules={[cap]}>
            <InputNumber
              min={1}
              max={1_000_000}
              precision={0}
              placeholder={t('lifecycle.no_cap')}
              style={{ width: 140 }}
            />
          </Form.Item>
          <Form.Item name="total_cap" label={t('lifecycle.total_cap')} dependencies={['points']} rules={[cap]}>
            <InputNumber
              min={1}
              max={1_000_000}
              precision={0}
              placeholder={t('lifecycle.no_cap')}
              style={{ width: 140 }}
            />
          </Form.Item>
          <Form.Item name="active" label={t('lifecycle.active')} valuePropName="checked">
            <Switch />
          </Form.Item>
        </Flex>
        <Reach condition={lately(events)} word="lifecycle.reach_events" />
      </Form>
    </Modal>
  )
}
