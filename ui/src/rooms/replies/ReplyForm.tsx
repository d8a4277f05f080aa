import { Collapse, Form, InputNumber, Radio, Select, Switch } from 'antd'
import { api, data } from '@/api/client'
import { useAccounts } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { type Reply, type ReplyDraft, replyDraft, replyOf } from './drafts'
import { NameField, RuleFields, RuleForm } from './RuleForm'
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
  // In WeCom it is customer service whose messages are answered.
  const accounts = useAccounts()?.filter((one) => one.kind === 'oa' || one.kind === 'wecom') ?? []
  const [form] = Form.useForm<ReplyDraft>()
  const kind = Form.useWatch('kind', form) ?? 'keyword'
  const pattern = Form.useWatch('match', form) === 'pattern' && kind === 'keyword'
  const save = (draft: ReplyDraft) => {
    const body = replyOf(draft)
    if (writing.question !== undefined) {
      const path = { question_id: writing.question }
      return data(api.POST('/api/replies/questions/{question_id}/answer', { params: { path }, body }))
    }
    if (writing.reply === null) return data(api.POST('/api/replies', { body }))
    const path = { reply_id: writing.reply.reply_id }
    return data(api.PUT('/api/replies/{reply_id}', { params: { path }, body }))
  }
  return (
    <RuleForm
      form={form}
      title={t(writing.reply ? 'replies.change' : 'replies.new')}
      draft={replyDraft(writing.reply, writing.words)}
      save={save}
      saved={t('replies.saved')}
      places={['name', 'words', 'text', 'content_id', 'condition', 'match']}
      close={close}
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
      <NameField />
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
      <RuleFields />
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
                    options={accounts.map((one) => ({
                      value: one.account_id,
                      label: one.kind === 'oa' ? one.name : t('replies.account_kf', { name: one.name }),
                    }))}
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
    </RuleForm>
  )
}
