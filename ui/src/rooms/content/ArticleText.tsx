import {
  BlockOutlined,
  BoldOutlined,
  ItalicOutlined,
  LinkOutlined,
  MinusOutlined,
  OrderedListOutlined,
  PictureOutlined,
  RedoOutlined,
  UndoOutlined,
  UnorderedListOutlined,
} from '@ant-design/icons'
import Image from '@tiptap/extension-image'
import { type Editor, EditorContent, useEditor, useEditorState } from '@tiptap/react'
import StarterKit from '@tiptap/starter-kit'
import { Button, Divider, Flex, Input, Popover, Select, Space } from 'antd'
import { type ReactNode, useRef, useState } from 'react'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { upload } from './upload'

/** The text of an article, as it is written. Loaded only where one is. */
export default function ArticleText({ html, change }: { html: string; change: (html: string) => void }) {
  const t = useSay()
  const editor = useEditor({
    extensions: [
      StarterKit.configure({
        heading: { levels: [2, 3] },
        link: { openOnClick: false, protocols: ['http', 'https'], defaultProtocol: 'https' },
      }),
      Image,
    ],
    content: html,
    editorProps: { attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-label': t('content.article_text') } },
    onUpdate: ({ editor: one }) => change(one.isEmpty ? '' : one.getHTML()),
  })
  return (
    <div className="content-article">
      <Toolbar editor={editor} />
      <EditorContent editor={editor} />
    </div>
  )
}

function Toolbar({ editor }: { editor: Editor }) {
  const t = useSay()
  const tell = useTell()
  const picker = useRef<HTMLInputElement>(null)
  const [busy, setBusy] = useState(false)
  const is = useEditorState({
    editor,
    selector: ({ editor: one }) => ({
      bold: one.isActive('bold'),
      italic: one.isActive('italic'),
      bullets: one.isActive('bulletList'),
      numbers: one.isActive('orderedList'),
      quote: one.isActive('blockquote'),
      link: one.isActive('link'),
      level: one.isActive('heading', { level: 2 }) ? 2 : one.isActive('heading', { level: 3 }) ? 3 : 0,
      undo: one.can().undo(),
      redo: one.can().redo(),
    }),
  })
  const act = () => editor.chain().focus()
  async function picture(file: File | undefined) {
    if (!file) return
    setBusy(true)
    try {
      const kept = await upload(file, () => undefined)
      if (!kept.url) return tell.say(t('content.only_image'))
      act().setImage({ src: kept.url, alt: '' }).run()
    } catch (error) {
      tell.failed(error)
    } finally {
      setBusy(false)
    }
  }
  const tool = (word: string, icon: ReactNode, run: () => void, active = false, disabled = false) => (
    <Button
      type="text"
      size="small"
      icon={icon}
      title={t(word)}
      aria-label={t(word)}
      aria-pressed={active}
      className={active ? 'content-tool-on' : undefined}
      disabled={disabled}
      onClick={run}
    />
  )
  return (
    <Flex wrap gap={2} align="center" className="content-tools" role="toolbar" aria-label={t('content.tools')}>
      <Select
        size="small"
        variant="borderless"
        aria-label={t('content.tool.level')}
        value={is.level}
        style={{ width: 92 }}
        onChange={(level) =>
          level === 0
            ? act().setParagraph().run()
            : act()
                .setHeading({ level: level as 2 | 3 })
                .run()
        }
        options={[0, 2, 3].map((level) => ({ value: level, label: t(`content.tool.level.${level}`) }))}
      />
      <Divider orientation="vertical" />
      {tool('content.tool.bold', <BoldOutlined />, () => act().toggleBold().run(), is.bold)}
      {tool('content.tool.italic', <ItalicOutlined />, () => act().toggleItalic().run(), is.italic)}
      {tool('content.tool.bullets', <UnorderedListOutlined />, () => act().toggleBulletList().run(), is.bullets)}
      {tool('content.tool.numbers', <OrderedListOutlined />, () => act().toggleOrderedList().run(), is.numbers)}
      {tool('content.tool.quote', <BlockOutlined />, () => act().toggleBlockquote().run(), is.quote)}
      {tool('content.tool.line', <MinusOutlined />, () => act().setHorizontalRule().run())}
      <Divider orientation="vertical" />
      <LinkTool editor={editor} active={is.link} />
      <Button
        type="text"
        size="small"
        icon={<PictureOutlined />}
        loading={busy}
        title={t('content.tool.picture')}
        aria-label={t('content.tool.picture')}
        onClick={() => picker.current?.click()}
      />
      <input
        ref={picker}
        type="file"
        style={{ display: 'none' }}
        accept=".png,.jpg,.jpeg,.gif,.webp"
        onChange={(event) => {
          void picture(event.target.files?.[0])
          event.target.value = ''
        }}
      />
      <Divider orientation="vertical" />
      {tool('content.tool.undo', <UndoOutlined />, () => act().undo().run(), false, !is.undo)}
      {tool('content.tool.redo', <RedoOutlined />, () => act().redo().run(), false, !is.redo)}
    </Flex>
  )
}

function LinkTool({ editor, active }: { editor: Editor; active: boolean }) {
  const t = useSay()
  const [open, setOpen] = useState(false)
  const [url, setUrl] = useState('')
  function put() {
    const href = url.trim()
    const chain = editor.chain().focus().extendMarkRange('link')
    if (href === '') chain.unsetLink().run()
    else if (editor.state.selection.empty && !active)
      chain.insertContent({ type: 'text', text: href, marks: [{ type: 'link', attrs: { href } }] }).run()
    else chain.setLink({ href }).run()
    setOpen(false)
  }
  return (
    <Popover
      trigger="click"
      open={open}
      onOpenChange={(shown) => {
        if (shown) setUrl(String(editor.getAttributes('link').href ?? ''))
        setOpen(shown)
      }}
      content={
        <Space.Compact style={{ width: 300 }}>
          <Input
            aria-label={t('content.link_address')}
            placeholder="https://"
            value={url}
            onChange={(event) => setUrl(event.target.value)}
            onPressEnter={put}
          />
          <Button onClick={put}>{t('content.set')}</Button>
        </Space.Compact>
      }
    >
      <Button
        type="text"
        size="small"
        icon={<LinkOutlined />}
        className={active ? 'content-tool-on' : undefined}
        title={t('content.tool.link')}
        aria-label={t('content.tool.link')}
      />
    </Popover>
  )
}
