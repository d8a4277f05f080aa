import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Alert, Form, Modal, Select, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { type Group, type Tag, UseLink } from './parts'
import { useUses } from './useUses'

/** Makes a tag a part of another one; what needs it is named and has to be changed first. */
export function MergeDialog({
  tag,
  suggested,
  groups,
  close,
}: {
  tag: Tag
  suggested?: Tag
  groups: Group[]
  close: (into?: number) => void
}) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const uses = useUses(tag.tag_id)
  const [into, setInto] = useState(suggested?.tag_id)
  const used = uses.data ?? []
  const merging = useMutation({
    mutationFn: (other: number) =>
      data(api.POST('/api/tags/{tag_id}/merge', { params: { path: { tag_id: tag.tag_id } }, body: { into: other } })),
    onSuccess: async ({ changed }, other) => {
      tell.done(t('tags.merged_done', { n: number(changed) }))
      close(other)
      await client.invalidateQueries({ queryKey: ['tags'] })
    },
    onError: async (error) => {
      tell.failed(error)
      await uses.refetch()
    },
  })
  return (
    <Modal
      open
      onCancel={() => close()}
      title={t('tags.merge_title', { tag: tag.path })}
      okText={t('tags.merge')}
      okButtonProps={{ disabled: into === undefined || !uses.isSuccess || used.length > 0 }}
      confirmLoading={merging.isPending}
      onOk={() => into !== undefined && merging.mutate(into)}
    >
      {used.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t('tags.merge_used')}
          description={used.map((use) => (
            <div key={`${use.kind}${use.id}`}>
              <UseLink use={use} />
            </div>
          ))}
          style={{ marginBottom: 12 }}
        />
      )}
      <Form layout="vertical">
        <Form.Item label={t('tags.merge_into')}>
          <Select
            autoFocus
            aria-label={t('tags.merge_into')}
            placeholder={t('form.tag')}
            value={into}
            onChange={setInto}
            showSearch={{ optionFilterProp: 'label' }}
            options={groups.map((group) => ({
              label: group.name,
              options: group.tags
                .filter((one) => !one.retired && one.tag_id !== tag.tag_id)
                .map((one) => ({ value: one.tag_id, label: one.path })),
            }))}
          />
        </Form.Item>
      </Form>
      <Typography.Text type="secondary">{t('tags.merge_hint', { n: number(tag.customers) })}</Typography.Text>
    </Modal>
  )
}
