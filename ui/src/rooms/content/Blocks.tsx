import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined } from '@ant-design/icons'
import { Button, Card, Flex, Form, Input, Select, Typography } from 'antd'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { OneButton } from './Buttons'
import { BLOCKS, type Block, type BlockType, blockOf, MOST_BLOCKS } from './draft'
import type { FaultAt } from './Fields'
import { UploadFile } from './UploadFile'

/** What a landing page shows, block by block from top to bottom. */
export function Blocks({
  blocks,
  fault,
  change,
}: {
  blocks: Block[]
  fault: FaultAt
  change: (blocks: Block[]) => void
}) {
  const t = useSay()
  function move(at: number, by: number) {
    const moved = [...blocks]
    const [one] = moved.splice(at, 1)
    if (one) moved.splice(at + by, 0, one)
    change(moved)
  }
  // A page holds one form; its visitors could not tell two apart.
  const spent = (type: BlockType) =>
    blocks.length >= MOST_BLOCKS || (type === 'form' && blocks.some((one) => one.type === 'form'))
  return (
    <Form.Item label={t('content.blocks')} {...fault('body.blocks')}>
      <Flex vertical gap={8}>
        {blocks.map((block, at) => {
          const name = (word: string) => t('content.of_block', { what: t(word), number: at + 1 })
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a block has no name of its own, and its controls no state
            <Card key={at} size="small" styles={{ body: { padding: 12 } }} data-testid="block">
              <Flex gap={8} align="start">
                <Typography.Text type="secondary" style={{ width: 48, flex: 'none', lineHeight: '32px' }}>
                  {t(`content.block.${block.type}`)}
                </Typography.Text>
                <div style={{ flex: 1, minWidth: 0 }}>
                  <OneBlock
                    block={block}
                    name={name}
                    fault={(rest) => fault(`body.blocks.${at}.${rest}`)}
                    change={(changed) => change(blocks.map((one, other) => (other === at ? changed : one)))}
                  />
                </div>
                <Flex style={{ flex: 'none' }}>
                  <Button
                    type="text"
                    icon={<ArrowUpOutlined />}
                    aria-label={name('content.up')}
                    disabled={at === 0}
                    onClick={() => move(at, -1)}
                  />
                  <Button
                    type="text"
                    icon={<ArrowDownOutlined />}
                    aria-label={name('content.down')}
                    disabled={at === blocks.length - 1}
                    onClick={() => move(at, 1)}
                  />
                  <Button
                    type="text"
                    icon={<DeleteOutlined />}
                    aria-label={name('content.drop')}
                    onClick={() => change(blocks.filter((_, other) => other !== at))}
                  />
                </Flex>
              </Flex>
            </Card>
          )
        })}
        <Flex gap={8} wrap role="group" aria-label={t('content.add_block')}>
          {BLOCKS.map((type) => (
            <Button key={type} type="dashed" disabled={spent(type)} onClick={() => change([...blocks, blockOf(type)])}>
              {t('content.add_one', { what: t(`content.block.${type}`) })}
            </Button>
          ))}
        </Flex>
      </Flex>
    </Form.Item>
  )
}

function OneBlock({
  block,
  name,
  fault,
  change,
}: {
  block: Block
  name: (word: string) => string
  fault: FaultAt
  change: (block: Block) => void
}) {
  const t = useSay()
  const forms = (useContents().data ?? []).filter((one) => one.kind === 'form')
  switch (block.type) {
    case 'heading':
      return (
        <Form.Item {...fault('text')} style={{ marginBottom: 0 }}>
          <Input
            aria-label={name('content.block.heading')}
            placeholder={t('content.block_heading_hint')}
            maxLength={80}
            value={block.text}
            onChange={(event) => change({ ...block, text: event.target.value })}
          />
        </Form.Item>
      )
    case 'text':
      return (
        <Form.Item {...fault('text')} style={{ marginBottom: 0 }}>
          <Input.TextArea
            aria-label={name('content.block.text')}
            placeholder={t('content.block_text_hint')}
            autoSize={{ minRows: 2, maxRows: 12 }}
            maxLength={4000}
            value={block.text}
            onChange={(event) => change({ ...block, text: event.target.value })}
          />
        </Form.Item>
      )
    case 'image':
      return (
        <Flex vertical gap={8}>
          <Form.Item {...fault('file')} style={{ marginBottom: 0 }}>
            <UploadFile
              label={name('content.block.image')}
              value={block.file}
              change={(file) => change({ ...block, file })}
            />
          </Form.Item>
          <Form.Item {...fault('alt')} style={{ marginBottom: 0 }}>
            <Input
              aria-label={name('content.alt')}
              placeholder={t('content.alt')}
              maxLength={120}
              value={block.alt}
              onChange={(event) => change({ ...block, alt: event.target.value })}
            />
          </Form.Item>
        </Flex>
      )
    case 'button':
      return (
        <Form.Item {...fault('cta')} style={{ marginBottom: 0 }}>
          <OneButton
            cta={block.cta}
            name={name}
            fault={(rest) => fault(`cta.${rest}`)}
            change={(values) => change({ ...block, cta: { ...block.cta, ...values } })}
          />
        </Form.Item>
      )
    case 'form':
      return (
        <Form.Item {...fault('form')} style={{ marginBottom: 0 }}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            aria-label={name('content.block.form')}
            placeholder={t('content.block_form_hint')}
            value={block.form}
            onChange={(form: string) => change({ ...block, form })}
            options={forms.map((one) => ({
              value: one.key,
              label: one.published ? one.title : t('content.unpublished', { title: one.title }),
            }))}
            style={{ width: '100%' }}
          />
        </Form.Item>
      )
  }
}
