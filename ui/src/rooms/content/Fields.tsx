import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Collapse, Flex, Form, Input, Select, Switch, Typography } from 'antd'
import { later } from '@/shared/later'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Blocks } from './Blocks'
import { Buttons } from './Buttons'
import { type Body, type Draft, PAGES } from './draft'
import { FormFields } from './FormFields'
import { UploadFile } from './UploadFile'
import { Words } from './Words'

const ArticleText = later(() => import('./ArticleText'))

/** What a form item shows of the fault at a place, if there is one. */
export type FaultAt = (field: string) => { validateStatus?: 'error'; help?: string }

/** What a piece of its kind holds. */
export function Fields({
  draft,
  fault,
  change,
}: {
  draft: Draft
  fault: FaultAt
  change: (body: Partial<Body>) => void
}) {
  const t = useSay()
  const { kind, body } = draft
  const buttons = (
    <Buttons
      label={t('content.ctas')}
      place="body.ctas"
      value={body.ctas}
      fault={fault}
      change={(ctas) => change({ ctas })}
    />
  )
  switch (kind) {
    case 'article':
      return (
        <>
          <Form.Item label={t('content.article_text')} {...fault('body.html')}>
            <ArticleText html={body.html ?? ''} change={(html) => change({ html })} />
          </Form.Item>
          <Form.Item label={t('content.author')} {...fault('body.author')}>
            <Input
              aria-label={t('content.author')}
              maxLength={16}
              value={body.author}
              onChange={(event) => change({ author: event.target.value })}
            />
          </Form.Item>
          {buttons}
        </>
      )
    case 'ebook':
      return (
        <>
          <Form.Item label={t('content.book')} {...fault('body.file')}>
            <UploadFile pdf label={t('content.book')} value={body.file} change={(file) => change({ file })} />
          </Form.Item>
          <Plain name="intro" draft={draft} fault={fault} change={change} />
          <Form.Item>
            <Flex gap={8} align="center">
              <Switch
                aria-label={t('content.downloadable')}
                checked={body.downloadable ?? false}
                onChange={(downloadable) => change({ downloadable })}
              />
              {t('content.downloadable')}
            </Flex>
          </Form.Item>
          {buttons}
        </>
      )
    case 'image':
      return (
        <>
          <Form.Item label={t('content.picture')} {...fault('body.file')}>
            <UploadFile label={t('content.picture')} value={body.file} change={(file) => change({ file })} />
          </Form.Item>
          <Plain name="caption" draft={draft} fault={fault} change={change} />
          {buttons}
        </>
      )
    case 'link':
      return (
        <Form.Item label={t('content.url')} extra={t('content.url_hint')} {...fault('body.url')}>
          <Input
            aria-label={t('content.url')}
            placeholder="https://"
            maxLength={1024}
            value={body.url}
            onChange={(event) => change({ url: event.target.value.trim() })}
          />
        </Form.Item>
      )
    case 'text':
      return (
        <Form.Item label={t('content.text')} {...fault('body.text')}>
          <Words label={t('content.text')} rows={7} value={body.text ?? ''} change={(text) => change({ text })} />
        </Form.Item>
      )
    case 'form':
      return (
        <>
          <Plain name="intro" draft={draft} fault={fault} change={change} />
          <FormFields fields={body.fields ?? []} change={(fields) => change({ fields })} fault={fault} />
          <Form.Item label={t('content.submit_label')} {...fault('body.submit')}>
            <Input
              aria-label={t('content.submit_label')}
              maxLength={20}
              placeholder={t('content.submit')}
              value={body.submit}
              onChange={(event) => change({ submit: event.target.value })}
              style={{ width: 200 }}
            />
          </Form.Item>
          <After body={body} fault={fault} change={change} />
        </>
      )
    case 'landing':
      return <Blocks blocks={body.blocks ?? []} fault={fault} change={(blocks) => change({ blocks })} />
    case 'template':
      return (
        <>
          <Template required draft={draft} fault={fault} change={change} />
          <Form.Item label={t('content.target')} {...fault('body.target')}>
            <PageChoice label={t('content.target')} value={body.target} change={(target) => change({ target })} />
          </Form.Item>
        </>
      )
    default:
      return null
  }
}

/** Words on a page. */
function Plain({
  name,
  draft,
  fault,
  change,
}: {
  name: 'intro' | 'caption'
  draft: Draft
  fault: FaultAt
  change: (body: Partial<Body>) => void
}) {
  const t = useSay()
  return (
    <Form.Item label={t(`content.${name}`)} {...fault(`body.${name}`)}>
      <Input.TextArea
        aria-label={t(`content.${name}`)}
        autoSize={{ minRows: 2, maxRows: 10 }}
        maxLength={4000}
        value={draft.body[name]}
        onChange={(event) => change({ [name]: event.target.value })}
      />
    </Form.Item>
  )
}

/** What the person sees after sending the form. */
function After({ body, fault, change }: { body: Body; fault: FaultAt; change: (body: Partial<Body>) => void }) {
  const t = useSay()
  const after = body.after ?? {}
  const set = (values: NonNullable<Body['after']>) => change({ after: { ...after, ...values } })
  return (
    <>
      <Form.Item label={t('content.after')} {...fault('body.after.title')}>
        <Flex vertical gap={8}>
          <Input
            aria-label={t('content.after_title')}
            placeholder={t('content.after_default')}
            maxLength={64}
            value={after.title}
            onChange={(event) => set({ title: event.target.value || undefined })}
          />
          <Input.TextArea
            aria-label={t('content.after_text')}
            placeholder={t('content.after_text')}
            autoSize={{ minRows: 2, maxRows: 8 }}
            maxLength={4000}
            value={after.text}
            onChange={(event) => set({ text: event.target.value })}
          />
        </Flex>
      </Form.Item>
      <Buttons
        label={t('content.after_ctas')}
        place="body.after.ctas"
        most={3}
        value={after.ctas}
        fault={fault}
        change={(ctas) => set({ ctas })}
      />
    </>
  )
}

/** One of the library's pages. */
export function PageChoice({
  label,
  value,
  change,
}: {
  label: string
  value: string | null | undefined
  change: (key: string | undefined) => void
}) {
  const t = useSay()
  const pages = (useContents().data ?? []).filter((one) => PAGES.has(one.kind))
  return (
    <Select
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      aria-label={label}
      placeholder={t('content.choose_page')}
      value={value ?? undefined}
      onChange={change}
      options={pages.map((one) => ({
        value: one.key,
        label: one.published ? one.title : t('content.unpublished', { title: one.title }),
      }))}
      style={{ width: '100%' }}
    />
  )
}

/** The words of a template message: the account's template and its data fields. */
export function Template({
  required = false,
  draft,
  fault,
  change,
}: {
  required?: boolean
  draft: Draft
  fault: FaultAt
  change: (body: Partial<Body>) => void
}) {
  const t = useSay()
  const template = draft.body.template
  if (!template)
    return (
      <Button
        type="dashed"
        icon={<PlusOutlined />}
        onClick={() => change({ template: { template_id: '', data: { first: '' } } })}
      >
        {t('content.add_template')}
      </Button>
    )
  const lines = Object.entries(template.data)
  const put = (data: [string, string][]) => change({ template: { ...template, data: Object.fromEntries(data) } })
  const fresh = () => {
    let number = 1
    while (`keyword${number}` in template.data) number += 1
    return `keyword${number}`
  }
  return (
    <>
      <Form.Item
        label={t('content.template_id')}
        extra={t('content.template_hint')}
        {...fault('body.template.template_id')}
      >
        <Input
          aria-label={t('content.template_id')}
          maxLength={64}
          value={template.template_id}
          onChange={(event) => change({ template: { ...template, template_id: event.target.value.trim() } })}
        />
      </Form.Item>
      <Form.Item label={t('content.template_lines')} {...fault('body.template.data')}>
        <Flex vertical gap={8}>
          {lines.map(([name, value], at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the name is what is being typed
            <Flex key={at} gap={8} align="start">
              <Input
                aria-label={t('content.template_name', { number: at + 1 })}
                value={name}
                maxLength={32}
                style={{ width: 120 }}
                onChange={(event) => {
                  const typed = event.target.value.trim()
                  if (!(typed in template.data)) put(lines.map((one, other) => (other === at ? [typed, value] : one)))
                }}
              />
              <div style={{ flex: 1 }}>
                <Form.Item {...fault(`body.template.data.${name}`)} style={{ marginBottom: 0 }}>
                  <Input
                    aria-label={t('content.template_value', { number: at + 1 })}
                    placeholder={t('content.template_example')}
                    maxLength={200}
                    value={value}
                    onChange={(event) =>
                      put(lines.map((one, other) => (other === at ? [name, event.target.value] : one)))
                    }
                  />
                </Form.Item>
              </div>
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t('content.template_drop', { number: at + 1 })}
                disabled={lines.length === 1}
                onClick={() => put(lines.filter((_, other) => other !== at))}
              />
            </Flex>
          ))}
          <Button type="dashed" icon={<PlusOutlined />} onClick={() => put([...lines, [fresh(), '']])}>
            {t('content.template_add')}
          </Button>
        </Flex>
      </Form.Item>
      {!required && (
        <Button size="small" onClick={() => change({ template: undefined })}>
          {t('content.drop_template')}
        </Button>
      )}
    </>
  )
}

/** How a page travels: its cover, the words that carry its link, its words as a template message. */
export function Carried({
  draft,
  fault,
  change,
}: {
  draft: Draft
  fault: FaultAt
  change: (body: Partial<Body>) => void
}) {
  const t = useSay()
  const { body } = draft
  return (
    <Collapse
      ghost
      className="content-more"
      items={[
        {
          key: 'carried',
          label: t('content.carried'),
          forceRender: true,
          children: (
            <>
              <Form.Item label={t('content.cover')} extra={t('content.cover_hint')} {...fault('body.cover')}>
                <UploadFile label={t('content.cover')} value={body.cover} change={(cover) => change({ cover })} />
              </Form.Item>
              <Form.Item label={t('content.message')} {...fault('body.message')}>
                <Typography.Paragraph type="secondary">{t('content.message_hint')}</Typography.Paragraph>
                <Words
                  own
                  rows={3}
                  label={t('content.message')}
                  value={body.message ?? ''}
                  change={(message) => change({ message })}
                />
              </Form.Item>
              <Template draft={draft} fault={fault} change={change} />
            </>
          ),
        },
      ]}
    />
  )
}
