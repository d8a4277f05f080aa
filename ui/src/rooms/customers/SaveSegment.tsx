import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Alert, Form, Input, Modal, Typography } from 'antd'
import { ApiError, api, data } from '@/api/client'
import { open } from '@/rooms/segments/model'
import { conditionSentence, useSpeech } from '@/rooms/segments/sentence'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Condition } from './address'

const NAME_FAULTS = new Set(['segment_name_taken', 'invalid'])

/** Keeps the filter as a segment, whose members then come and go by themselves; a search text is no part of it. */
export function SaveSegment({ condition, q, close }: { condition: Condition; q: string; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const speech = useSpeech()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [form] = Form.useForm<{ name: string }>()
  const saving = useMutation({
    mutationFn: ({ name }: { name: string }) =>
      data(api.POST('/api/segments', { body: { name: name.trim(), condition } })),
    onSuccess: async ({ segment_id }) => {
      tell.done(t('segment.saved'))
      await client.invalidateQueries({ queryKey: ['segments'] })
      await navigate({ to: '/segments/$id', params: { id: String(segment_id) } })
    },
    onError: (error) => {
      if (error instanceof ApiError && NAME_FAULTS.has(error.code))
        form.setFields([{ name: 'name', errors: [fault(error)] }])
      else tell.failed(error)
    },
  })
  return (
    <Modal
      open
      onCancel={close}
      title={t('customers.save_segment')}
      okText={t('shared.save')}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
    >
      <Typography.Paragraph>
        <Typography.Text type="secondary">{t('segment.reads') + t('shared.colon')}</Typography.Text>
        {conditionSentence(open(condition), speech)}
      </Typography.Paragraph>
      {q && <Alert showIcon type="warning" title={t('customers.save_no_search', { q })} style={{ marginBottom: 12 }} />}
      <Form form={form} layout="vertical" onFinish={(values) => saving.mutate(values)}>
        <Form.Item
          name="name"
          label={t('segment.name')}
          rules={[{ required: true, whitespace: true, message: t('segment.name_needed') }]}
        >
          <Input autoFocus maxLength={60} placeholder={t('segment.name_hint')} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
