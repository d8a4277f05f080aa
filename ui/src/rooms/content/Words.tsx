import { LinkOutlined, UserOutlined } from '@ant-design/icons'
import { Button, Dropdown, Flex, Input } from 'antd'
import type { TextAreaRef } from 'antd/es/input/TextArea'
import { useRef } from 'react'
import { useAttributes, useContents, useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { PAGES } from './draft'

/** The words of a message, with what may be put into them: a person's fields, links to other content. */
export function Words({
  label,
  value,
  change,
  own = false,
  rows = 5,
}: {
  label: string
  value: string
  change: (value: string) => void
  /** The piece has a page, whose own link has its place in the words. */
  own?: boolean
  rows?: number
}) {
  const t = useSay()
  const names = useNames()
  const box = useRef<TextAreaRef>(null)
  const attributes = useAttributes().data ?? []
  const contents = (useContents().data ?? []).filter((one) => PAGES.has(one.kind))
  function put(words: string) {
    const area = box.current?.resizableTextArea?.textArea
    const [from, to] = area ? [area.selectionStart, area.selectionEnd] : [value.length, value.length]
    change(value.slice(0, from) + words + value.slice(to))
    requestAnimationFrame(() => {
      area?.focus()
      area?.setSelectionRange(from + words.length, from + words.length)
    })
  }
  const scroll = { style: { maxHeight: 280, overflowY: 'auto' as const } }
  return (
    <div>
      <Input.TextArea
        ref={box}
        aria-label={label}
        autoSize={{ minRows: rows, maxRows: 14 }}
        maxLength={2000}
        value={value}
        onChange={(event) => change(event.target.value)}
      />
      <Flex gap={8} wrap style={{ marginTop: 8 }}>
        <Dropdown
          trigger={['click']}
          menu={{
            ...scroll,
            items: attributes.map((one) => ({ key: one.name, label: names.attribute(one.name) })),
            onClick: ({ key }) => put(key === 'name' ? `{{name|${t('content.name_default')}}}` : `{{${key}}}`),
          }}
        >
          <Button size="small" icon={<UserOutlined />}>
            {t('content.put_field')}
          </Button>
        </Dropdown>
        {own && (
          <Button size="small" icon={<LinkOutlined />} onClick={() => put('{{link}}')}>
            {t('content.put_own')}
          </Button>
        )}
        <Dropdown
          trigger={['click']}
          menu={{
            ...scroll,
            items: contents.map((one) => ({
              key: one.key,
              label: one.published ? one.title : t('content.unpublished', { title: one.title }),
            })),
            onClick: ({ key }) => put(`{{link:${key}}}`),
          }}
        >
          <Button size="small" icon={<LinkOutlined />} disabled={contents.length === 0}>
            {t('content.put_link')}
          </Button>
        </Dropdown>
      </Flex>
    </div>
  )
}
