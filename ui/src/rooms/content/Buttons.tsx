import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Flex, Form, Input, Segmented } from 'antd'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import type { Cta } from './draft'
import { type FaultAt, PageChoice } from './Fields'

/** The buttons below a page: each leads to another content or to an address, and is counted. */
export function Buttons({
  label,
  place,
  value = [],
  most = 5,
  fault,
  change,
}: {
  label: string
  place: string
  value?: Cta[]
  most?: number
  fault: FaultAt
  change: (ctas: Cta[]) => void
}) {
  const t = useSay()
  return (
    <Form.Item label={label} {...fault(place)}>
      <Flex vertical gap={8}>
        {value.map((cta, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a button has no name of its own
          <Form.Item key={at} {...fault(`${place}.${at}`)} style={{ marginBottom: 0 }}>
            <OneButton
              cta={cta}
              name={(word) => t('content.of_button', { what: t(word), number: at + 1 })}
              fault={(rest) => fault(`${place}.${at}.${rest}`)}
              change={(values) => change(value.map((one, other) => (other === at ? { ...one, ...values } : one)))}
              drop={() => change(value.filter((_, other) => other !== at))}
            />
          </Form.Item>
        ))}
        {value.length < most && (
          <Button type="dashed" icon={<PlusOutlined />} onClick={() => change([...value, { label: '', kind: 'link' }])}>
            {t('content.add_cta')}
          </Button>
        )}
      </Flex>
    </Form.Item>
  )
}

/** One button: what stands on it, and to which content or address it leads. */
export function OneButton({
  cta,
  name,
  fault,
  change,
  drop,
}: {
  cta: Cta
  /** What its controls are called. */
  name: (word: string) => string
  fault: FaultAt
  change: (values: Partial<Cta>) => void
  drop?: () => void
}) {
  const t = useSay()
  const contents = useContents().data ?? []
  const outside = cta.url != null
  return (
    <Flex gap={8} wrap align="start">
      <Form.Item {...fault('label')} style={{ marginBottom: 0, width: 140 }}>
        <Input
          aria-label={name('content.cta_label')}
          placeholder={t('content.cta_label')}
          maxLength={40}
          value={cta.label}
          onChange={(event) => change({ label: event.target.value })}
        />
      </Form.Item>
      <Segmented
        aria-label={name('content.cta_to')}
        value={outside ? 'url' : 'content'}
        options={[
          { value: 'content', label: t('content.cta_content') },
          { value: 'url', label: t('content.cta_url') },
        ]}
        onChange={(to) => change(to === 'url' ? { url: '', content: undefined, kind: 'link' } : { url: undefined })}
      />
      <Form.Item {...fault(outside ? 'url' : 'content')} style={{ marginBottom: 0, flex: 1, minWidth: 160 }}>
        {outside ? (
          <Input
            aria-label={name('content.cta_url')}
            placeholder="https://"
            maxLength={1024}
            value={cta.url ?? ''}
            onChange={(event) => change({ url: event.target.value.trim() })}
          />
        ) : (
          <PageChoice
            label={name('content.cta_content')}
            value={cta.content}
            change={(content) => {
              const kind = contents.find((one) => one.key === content)?.kind
              change({ content, kind: kind === 'form' ? 'form' : 'link' })
            }}
          />
        )}
      </Form.Item>
      {drop && <Button type="text" icon={<DeleteOutlined />} aria-label={name('content.drop')} onClick={drop} />}
    </Flex>
  )
}
