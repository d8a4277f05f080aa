import { useMutation, useQueryClient } from '@tanstack/react-query'
import { AutoComplete, Form, Input, Modal } from 'antd'
import { api, data } from '@/api/client'
import { useTags } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'

interface Draft {
  group: string
  name: string
  note?: string
}

/** Makes a tag, and its group when that is new. */
export function NewTagDialog({ close }: { close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const groups = useTags().data?.groups ?? []
  const [form] = Form.useForm<Draft>()
  const making = useMutation({
    mutationFn: async ({ group, name, note }: Draft) => {
      const known = groups.find((one) => one.name === group.trim())?.group_id
      const group_id = known ?? (await data(api.POST('/api/tags/groups', { body: { name: group.trim() } }))).group_id
      return data(
        api.POST('/api/tags/groups/{group_id}/tags', {
          params: { path: { group_id } },
          body: { name: name.trim(), note: note?.trim() ?? '' },
        }),
      )
    },
    onSuccess: async () => {
      tell.done(t('tags.made'))
      await client.invalidateQueries({ queryKey: ['tags'] })
      close()
    },
    onError: tell.failed,
  })
  const needed = [{ required: true, whitespace: true, message: t('tags.name_needed') }]
  return (
    <Modal
      open
      onCancel={close}
      title={t('tags.new')}
      okText={t('shared.add')}
      confirmLoading={making.isPending}
      onOk={() => form.submit()}
    >
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(draft) => making.mutate(draft)}>
        <Form.Item name="group" label={t('tags.group')} extra={t('tags.group_hint')} rules={needed}>
          <AutoComplete
            autoFocus
            options={groups.map((group) => ({ value: group.name }))}
            showSearch={{ filterOption: (words, option) => String(option?.value ?? '').includes(words) }}
            maxLength={30}
          />
        </Form.Item>
        <Form.Item name="name" label={t('tags.name')} rules={needed}>
          <Input maxLength={30} />
        </Form.Item>
        <Form.Item name="note" label={t('tags.note')} extra={t('tags.note_hint')}>
          <Input.TextArea maxLength={500} rows={2} />
        </Form.Item>
      </Form>
    </Modal>
  )
}
