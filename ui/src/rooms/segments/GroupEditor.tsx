import { ApartmentOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Button, Dropdown, Flex, Segmented, Select, Tag, Typography } from 'antd'
import { type Dispatch, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import { RefusedAt } from './forms/faulty'
import { LeafForm } from './forms/LeafForm'
import { type Action, fresh, type Group, locate, type Node } from './model'
import { NeedsArchive, type Unseen } from './NeedsArchive'
import './editor.css'

/** A fault that belongs to one node of the condition. */
export interface Fault {
  key: number
  /** The parameter of the leaf, as a dotted path; empty when the whole node is meant. */
  at: string
  message: string
}

/** What cannot be known of one node. */
export interface Note extends Unseen {
  key: number
}

/** Notes of the server as notes of nodes; one for each node. */
export function notesOf(root: Node, needs: (Unseen & { field: string })[]): Note[] {
  const found = new Map<number, Note>()
  for (const { field, misses, silent } of needs) {
    const key = locate(root, field)?.key
    if (key === undefined) continue
    const before = found.get(key)
    found.set(key, { key, misses: misses || (before?.misses ?? false), silent: silent || (before?.silent ?? false) })
  }
  return [...found.values()]
}

interface Editing {
  dispatch: Dispatch<Action>
  faults: Fault[]
  notes: Note[]
  self: number | null
}

const ORDER = [
  ...['attribute', 'tag', 'event', 'sequence', 'segment', 'stage', 'source', 'channel'],
  ...['account', 'follow', 'owner', 'pushes', 'order', 'date', 'score', 'lifecycle'],
]

export function useKinds() {
  const { i18n } = useTranslation()
  const { data: kinds } = useQuery({
    queryKey: ['kinds'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => (await data(api.GET('/api/segments/kinds'))).items,
  })
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
  return [...(kinds ?? [])]
    .sort((a, b) => place(a.name) - place(b.name))
    .map((kind) => ({ name: kind.name, title: i18n.language === 'zh' ? kind.title_zh : kind.title_en }))
}

/** One group with its parts, nested to any depth. */
export function GroupEditor({ group, top, ...editing }: Editing & { group: Group; top?: boolean }) {
  const t = useSay()
  const kinds = useKinds()
  const { dispatch } = editing
  const fault = editing.faults.find((one) => one.key === group.key)
  const note = editing.notes.find((one) => one.key === group.key)
  const frame = useFocus<HTMLFieldSetElement>(group, 'button.cond-add')
  return (
    <fieldset
      ref={frame}
      aria-label={t(`segment.group.${group.op}`)}
      className={`cond-group cond-${group.op}`}
      data-not={group.not}
    >
      <Flex wrap gap={8} align="center">
        {(!top || group.not) && <Negation node={group} dispatch={dispatch} />}
        <Segmented<'all' | 'any'>
          aria-label={t('segment.op')}
          value={group.op}
          onChange={(op: 'all' | 'any') => dispatch({ do: 'op', key: group.key, op })}
          options={[
            { value: 'all', label: t('segment.group.all') },
            { value: 'any', label: t('segment.group.any') },
          ]}
        />
        <span style={{ flex: 1 }} />
        {!top && <Remove node={group} dispatch={dispatch} />}
      </Flex>
      {group.parts.length === 0 && <Typography.Text type="secondary">{t('segment.empty_group')}</Typography.Text>}
      {group.parts.map((part) =>
        part.type === 'group' ? (
          <GroupEditor key={part.key} group={part} {...editing} />
        ) : (
          <LeafRow key={part.key} node={part} kinds={kinds} {...editing} />
        ),
      )}
      <Flex gap={8} wrap>
        <Dropdown
          autoFocus
          trigger={['click']}
          menu={{
            items: kinds.map((kind) => ({ key: kind.name, label: kind.title })),
            onClick: ({ key }) => dispatch({ do: 'add', to: group.key, node: fresh(key) }),
            // On a low window it fits above or below its button, whichever side has more room.
            style: { maxHeight: '44vh', overflowY: 'auto' },
          }}
        >
          <Button size="small" icon={<PlusOutlined />} className="cond-add">
            {t('segment.add')}
          </Button>
        </Dropdown>
        <Button
          size="small"
          type="text"
          icon={<ApartmentOutlined />}
          onClick={() => dispatch({ do: 'add', to: group.key, node: 'group' })}
        >
          {t('segment.add_group')}
        </Button>
      </Flex>
      {note && <NeedsArchive {...note} />}
      {fault && <Message text={fault.message} />}
    </fieldset>
  )
}

/** Who adds a part by keyboard goes on in it. */
function useFocus<T extends HTMLElement>(node: Node, selector: string) {
  const frame = useRef<T>(null)
  const { fresh } = node
  useEffect(() => {
    if (fresh) frame.current?.querySelector<HTMLElement>(selector)?.focus()
  }, [fresh, selector])
  return frame
}

function Message({ text }: { text: string }) {
  return (
    <Typography.Text type="danger" role="alert">
      {text}
    </Typography.Text>
  )
}

function Negation({ node, dispatch }: { node: Node; dispatch: Dispatch<Action> }) {
  const t = useSay()
  return (
    <Select
      aria-label={t('segment.exclude')}
      value={node.not}
      onChange={() => dispatch({ do: 'not', key: node.key })}
      options={[
        { value: false, label: t('segment.include') },
        { value: true, label: t('segment.exclude') },
      ]}
      style={{ width: 84 }}
      status={node.not ? 'warning' : ''}
    />
  )
}

function Remove({ node, dispatch }: { node: Node; dispatch: Dispatch<Action> }) {
  const t = useSay()
  return (
    <Button
      type="text"
      icon={<DeleteOutlined />}
      aria-label={t('segment.remove')}
      onClick={() => dispatch({ do: 'remove', key: node.key })}
    />
  )
}

function LeafRow({
  node,
  kinds,
  dispatch,
  faults,
  notes,
  self,
}: Editing & { node: Extract<Node, { type: 'leaf' }>; kinds: { name: string; title: string }[] }) {
  const fault = faults.find((one) => one.key === node.key)
  const note = notes.find((one) => one.key === node.key)
  const frame = useFocus<HTMLDivElement>(node, '.cond-form input')
  return (
    <div ref={frame} className="cond-leaf" data-fault={fault !== undefined}>
      <Flex gap={8} align="flex-start">
        <Flex wrap gap={8} align="center" flex={1}>
          <Negation node={node} dispatch={dispatch} />
          <Tag color="green" style={{ margin: 0 }}>
            {kinds.find((kind) => kind.name === node.leaf.kind)?.title ?? node.leaf.kind}
          </Tag>
          <span className="cond-form">
            <RefusedAt path={fault ? fault.at : null}>
              <LeafForm leaf={node.leaf} set={(leaf) => dispatch({ do: 'change', key: node.key, leaf })} self={self} />
            </RefusedAt>
          </span>
        </Flex>
        <Remove node={node} dispatch={dispatch} />
      </Flex>
      {note && <NeedsArchive {...note} />}
      {fault && <Message text={fault.message} />}
    </div>
  )
}
