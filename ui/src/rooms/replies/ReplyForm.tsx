import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Button, Collapse, Drawer, Form, Input, InputNumber, Radio, Select, Switch } from 'antd'
import { ApiError, api, data } from '@/api/client'
import { useFault } from '@/shared/fault'
import { useAccounts } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { Audience } from './Audience'
import { type Reply, type ReplyDraft, replyDraft, replyOf } from './drafts'
import { SaidFields } from './Said'

/** What the drawer is open for: a new reply (maybe to a question), or a stored one. */
export interface Writing {
  reply: Reply | null
  words?: string[]
  question?: number
}

/** Write an automatic reply. */
export function ReplyForm({ writing, close }: { writing: Writing; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const fault = useFault()
  const client = useQueryClient()
  const accounts = useAccounts()?.filter((one) => one.kind === 'oa') ?? []
  const [form] = Form.useForm<ReplyDraft>()
  const kind = Form.useWatch('kind', form) ?? 'keyword'
  const pattern = Form.useWatch('match', form) === 'pattern' && kind === 'keyword'
  const saving = useMutation({
    mutationFn: async (draft: ReplyDraft) => {
      const body = replyOf(draft)
      if (writing.question !== undefined) {
        const path = { question_id: writing.question }
        return data(api.POST('/api/replies/questions/{question_id}/answer', { params: { path }, body }))
      }
      if (writing.reply === null) return data(api.POST('/api/replies', { body }))
      const path = { reply_id: writing.reply.reply_id }
      return data(api.PUT('/api/replies/{reply_id}', { params: { path }, body }))
    },
    onSuccess: async () => {
      tell.done(t('replies.saved'))
      close()
      await client.invalidateQueries({ queryKey: ['replies'] })
    },
    onError: (error) => {
      const name = error instanceof ApiError ? error.field?.split('.')[0] : undefined
      const fields = ['name', 'words', 'text', 'content_id', 'condition', 'match']
      const place = fields.find((one) => one === name)
      if (place) form.setFields([{ name: place as keyof ReplyDraft, errors: [fault(error)] }])
      else tell.failed(error)
    },
  })
  return (
    <Drawer
      open
      size={560}
      title={t(writing.reply ? 'replies.change' : 'replies.new')}
      onClose={close}
      footer={
        <Button type="primary" loading={saving.isPending} onClick={() => form.submit()}>
          {t('shared.save')}
        </Button>
      }
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={replyDraft(writing.reply, writing.words)}
        onFinish={() => saving.mutate(form.getFieldsValue(true) as ReplyDraft)}
        scrollToFirstError={{ block: 'center', focus: true }}
      >
        <Form.Item name="kind" label={t('replies.kind')} extra={t(`replies.kind_hint.${kind}`)}>
          <Radio.Group
            optionType="button"
            options={(['keyword', 'faq', 'menu'] as const).map((value) => ({
              value,
              label: t(`replies.kind.${value}`),
            }))}
          />
        </Form.Item>
        <Form.Item
          name="name"
          label={t('replies.name')}
          rules={[{ required: true, whitespace: true, message: t('replies.name_needed') }]}
        >
          <Input maxLength={60} />
        </Form.Item>
        {kind === 'keyword' && (
          <Form.Item name="match" label={t('replies.match')}>
            <Radio.Group
              options={(['contains', 'exact', 'pattern'] as const).map((value) => ({
                value,
                label: t(`replies.match.${value}`),
              }))}
            />
          </Form.Item>
        )}
        <Form.Item
          name="words"
          label={t(`replies.words.${kind}`)}
          extra={t(pattern ? 'replies.pattern_hint' : kind === 'menu' ? 'replies.menu_hint' : 'replies.words_hint')}
          rules={[{ required: true, message: t('replies.words_needed') }]}
        >
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={kind === 'menu' ? [] : ['，', '、']} />
        </Form.Item>
        <SaidFields />
        <Form.Item name="condition" label={t('replies.audience')}>
          <Audience none={t('replies.everybody')} />
        </Form.Item>
        <Form.Item name="active" label={t('replies.active')} valuePropName="checked">
          <Switch />
        </Form.Item>
        <Collapse
          ghost
          items={[
            {
              key: 'more',
              label: t('replies.more'),
              forceRender: true,
              children: (
                <>
                  <Form.Item name="account_id" label={t('replies.account')}>
                    <Select
                      allowClear
                      placeholder={t('replies.all_accounts')}
                      options={accounts.map((one) => ({ value: one.account_id, label: one.name }))}
                    />
                  </Form.Item>
                  <Form.Item name="priority" label={t('replies.priority')} extra={t('replies.priority_hint')}>
                    <InputNumber min={-1000} max={1000} precision={0} />
                  </Form.Item>
                  <Form.Item
                    name="always"
                    label={t('replies.always')}
                    extra={t('replies.always_hint')}
                    valuePropName="checked"
                  >
                    <Switch />
                  </Form.Item>
                </>
              ),
            },
          ]}
        />
      </Form>
    </Drawer>
  )
}
