import { PlusOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Alert, Button, Card, Flex, Form, Input, Modal, Select, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useFault } from '@/shared/fault'
import { settable, useNames, useTags } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { when } from '@/shared/when'
import { cause, sourceWord } from './events'
import { NewTag } from './NewTag'

/** The tags of a customer with who set each one and why; giving and taking asks for the reason. */
export function CustomerTags({ id }: { id: number }) {
  const t = useSay()
  const names = useNames()
  const mayWrite = useMay('tags.write')
  const platforms = new Set(
    useTags().data?.groups.flatMap((group) => group.tags.filter((tag) => tag.read_only).map((tag) => tag.tag_id)),
  )
  const [asking, setAsking] = useState<{ remove?: { tag_id: number; path: string } } | null>(null)
  const query = useQuery({
    queryKey: ['customer', id, 'tags'],
    refetchInterval: 10_000,
    queryFn: async () =>
      (await data(api.GET('/api/tags/of/{customer_id}', { params: { path: { customer_id: id } } }))).items,
  })
  return (
    <Card
      title={t('customer.tags')}
      size="small"
      extra={
        mayWrite && (
          <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => setAsking({})}>
            {t('customer.tag_add')}
          </Button>
        )
      }
    >
      <Loaded query={query}>
        {(items) => (
          <Flex vertical gap={8}>
            {items.length === 0 && <Typography.Text type="secondary">{t('customer.tag_none')}</Typography.Text>}
            {items.map((item) => (
              <div key={item.tag_id}>
                <Tag
                  color="green"
                  closable={mayWrite && !platforms.has(item.tag_id)}
                  onClose={(event) => {
                    event.preventDefault()
                    setAsking({ remove: { tag_id: item.tag_id, path: item.path } })
                  }}
                >
                  <Link to="/customers" search={{ tag: item.tag_id }} title={t('customer.tag_people')}>
                    {item.path}
                  </Link>
                </Tag>
                {item.why && <Typography.Text>{cause(item.why, names, t)}</Typography.Text>}
                <br />
                <Typography.Text type="secondary" style={{ fontSize: 12 }}>
                  {t('customer.tag_since', { at: when(item.since), by: item.by ? sourceWord(item.by, names, t) : '—' })}
                  {item.expires_at ? ` · ${t('customer.tag_expires', { at: when(item.expires_at) })}` : ''}
                </Typography.Text>
              </div>
            ))}
          </Flex>
        )}
      </Loaded>
      {asking && <Tagging id={id} remove={asking.remove ?? null} close={() => setAsking(null)} />}
    </Card>
  )
}

function Tagging({
  id,
  remove,
  close,
}: {
  id: number
  remove: { tag_id: number; path: string } | null
  close: () => void
}) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const tags = useTags()
  const fault = useFault()
  const [form] = Form.useForm<{ tag: number; why: string }>()
  const saving = useMutation({
    mutationFn: ({ tag, why }: { tag?: number; why: string }) => {
      const tag_id = remove?.tag_id ?? tag ?? 0
      const call = { params: { path: { tag_id } }, body: { customer_ids: [id], why } }
      return remove ? data(api.POST('/api/tags/{tag_id}/remove', call)) : data(api.POST('/api/tags/{tag_id}/add', call))
    },
    onSuccess: async () => {
      close()
      await client.invalidateQueries({ queryKey: ['customer', id] })
    },
    onError: tell.failed,
  })
  const groups = tags.data?.groups ?? []
  return (
    <Modal
      open
      onCancel={close}
      title={remove ? t('customer.tag_remove', { path: remove.path }) : t('customer.tag_add')}
      okText={t('shared.save')}
      confirmLoading={saving.isPending}
      onOk={() => form.submit()}
    >
      <Form form={form} layout="vertical" onFinish={(values) => saving.mutate(values)}>
        {!remove && (
          <>
            <Form.Item name="tag" label={t('customer.tag')} rules={[{ required: true, message: t('customer.tag') }]}>
              <Select showSearch={{ optionFilterProp: 'label' }} options={settable(groups)} />
            </Form.Item>
            <NewTag made={(tag) => form.setFieldValue('tag', tag)} />
          </>
        )}
        <Form.Item
          name="why"
          label={t('customer.tag_why')}
          rules={[{ required: true, whitespace: true, message: t('customer.tag_why') }]}
        >
          <Input maxLength={200} placeholder={t('customer.tag_why_hint')} />
        </Form.Item>
        {tags.error && <Alert type="error" title={fault(tags.error)} />}
      </Form>
    </Modal>
  )
}
