import { Form, Input, Radio, Select, Typography } from 'antd'
import { useContents, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'

/** What is sent: a text or a published piece of the library. Fields of a form: said, text, content_id. */
export function SaidFields() {
  const t = useSay()
  const said = Form.useWatch('said')
  const contents = (useContents().data ?? []).filter((one) => one.published)
  return (
    <>
      <Form.Item name="said" label={t('replies.said')} style={{ marginBottom: 8 }}>
        <Radio.Group
          options={[
            { value: 'text', label: t('replies.said.text') },
            { value: 'content', label: t('replies.said.content') },
          ]}
        />
      </Form.Item>
      <Form.Item
        name="text"
        hidden={said === 'content'}
        rules={said === 'content' ? [] : [{ required: true, whitespace: true, message: t('replies.text_needed') }]}
      >
        <Input.TextArea rows={4} maxLength={600} showCount aria-label={t('replies.said.text')} />
      </Form.Item>
      <Form.Item
        name="content_id"
        hidden={said !== 'content'}
        rules={said === 'content' ? [{ required: true, message: t('replies.content_needed') }] : []}
      >
        <Select
          aria-label={t('replies.said.content')}
          showSearch={{ optionFilterProp: 'label' }}
          placeholder={t('replies.content_choose')}
          options={contents.map((one) => ({ value: one.content_id, label: one.title }))}
        />
      </Form.Item>
    </>
  )
}

/** What is sent, in a list. */
export function SaidShown({ text, content_id }: { text: string | null; content_id: number | null }) {
  const names = useNames()
  const titles = new Map(useContents().data?.map((one) => [one.key, one.title]))
  // The address of a link is made for each person when it is sent.
  const shown = text?.replace(/\{\{link:([^}]+)\}\}/g, (_, key: string) => `《${titles.get(key.trim()) ?? key}》`)
  return (
    <Typography.Paragraph ellipsis={{ rows: 2 }} style={{ margin: 0, maxWidth: 420, whiteSpace: 'pre-line' }}>
      {content_id === null ? shown : `《${names.content(content_id)}》`}
    </Typography.Paragraph>
  )
}
