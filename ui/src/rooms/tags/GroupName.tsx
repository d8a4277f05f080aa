import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Form, Input, Modal } from 'antd'
import { api, data } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useSay } from '@/shared/say'
import { GroupSync } from './GroupSync'
import type { Group } from './parts'

/** A group: its name, and which accounts are told of it. */
export function GroupName({ group, close }: { group: Group; close: () => void }) {
  const t = useSay()
  const fault = useFault()
  const client = useQueryClient()
  const [form] = Form.useForm<{ name: string }>()
  const saving = useMutation({
    mutationFn: ({ name }: { name: string }) =>
      data(
        api.PUT('/api/tags/groups/{group_id}', {
          params: { path: { group_id: group.group_id } },
          body: { name: name.trim() },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['tags'] })
      close()
    },
    onError: (error) => form.setFields([{ name: 'name', errors: [fault(error)] }]),
  })
  return (
    <Modal
      open
      onCancel={close}
      title={t('tags.change_group', { group: group.name })}
      okText={t('shared.save')}
      okButtonProps={{ disabled: !group.editable }}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ name: group.name }}
        onFinish={(given) => saving.mutate(given)}
      >
        <Form.Item
          name="name"
          label={t('tags.group')}
          rules={[{ required: true, whitespace: true, message: t('tags.name_needed') }]}
          extra={group.editable ? undefined : t('tags.renamed_there')}
        >
          <Input autoFocus maxLength={30} disabled={!group.editable} />
        </Form.Item>
      </Form>
      <GroupSync group={group} />
    </Modal>
  )
}
