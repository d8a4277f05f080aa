import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Form, Input, Modal, Select } from 'antd'
import { api, data } from '@/api/client'
import { settable, useTags } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Condition } from './address'
import { NewTag } from './NewTag'

/** Whom a bulk action means: the rows that were chosen, or everybody who matches. */
export type Chosen = { ids: number[] } | { condition: Condition; q: string }

/** Gives a tag to many people, or takes it from them; asks which and why. */
export function TagMany({
  chosen,
  people,
  remove,
  close,
}: {
  chosen: Chosen
  /** How many that are, as it was said on the page. */
  people: string
  remove: boolean
  close: (done: boolean) => void
}) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const groups = useTags().data?.groups ?? []
  const [form] = Form.useForm<{ tag: number; why: string }>()
  const saving = useMutation({
    mutationFn: ({ tag, why }: { tag: number; why: string }) => {
      if ('condition' in chosen) {
        const { condition, q } = chosen
        return data(api.POST('/api/segments/tagging', { body: { condition, q, tag_id: tag, why, remove } }))
      }
      const call = { params: { path: { tag_id: tag } }, body: { customer_ids: chosen.ids, why } }
      return remove ? data(api.POST('/api/tags/{tag_id}/remove', call)) : data(api.POST('/api/tags/{tag_id}/add', call))
    },
    onSuccess: async ({ changed }) => {
      tell.done(t(remove ? 'customers.untagged' : 'customers.tagged', { n: number(changed) }))
      close(true)
      await client.invalidateQueries({ queryKey: ['people'] })
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: tell.failed,
  })
  return (
    <Modal
      open
      onCancel={() => close(false)}
      title={t(remove ? 'customers.untag_title' : 'customers.tag_title', { people })}
      okText={t(remove ? 'customers.untag' : 'customer.tag_add')}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
    >
      <Form form={form} layout="vertical" onFinish={(values) => saving.mutate(values)}>
        <Form.Item name="tag" label={t('customer.tag')} rules={[{ required: true, message: t('segment.lacks.tag') }]}>
          <Select
            autoFocus
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('form.tag')}
            options={settable(groups, { retired: remove })}
          />
        </Form.Item>
        {!remove && <NewTag made={(tag) => form.setFieldValue('tag', tag)} />}
        <Form.Item
          name="why"
          label={t('customer.tag_why')}
          rules={[{ required: true, whitespace: true, message: t('customers.why_needed') }]}
        >
          <Input maxLength={200} placeholder={t('customers.why_hint')} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
