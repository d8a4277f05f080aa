import { testsOf, unfinishedTest } from './where'

/** A leaf as the API takes it: its kind and parameters. */
export interface Leaf {
  kind: string
  [parameter: string]: unknown
}

/** A node while it is edited: with a key that stays, and "not" as a switch; fresh when it was just added. */
export type Node = { key: number; not: boolean; fresh?: boolean } & (
  | { type: 'group'; op: 'all' | 'any'; parts: Node[] }
  | { type: 'leaf'; leaf: Leaf }
)
export type Group = Extract<Node, { type: 'group' }>

export type Action =
  | { do: 'add'; to: number; node: 'group' | Leaf }
  | { do: 'remove'; key: number }
  | { do: 'change'; key: number; leaf: Leaf }
  | { do: 'op'; key: number; op: 'all' | 'any' }
  | { do: 'not'; key: number }
  | { do: 'reset'; root: Group }

let last = 0
function key(): number {
  last += 1
  return last
}

export function emptyGroup(): Group {
  return { key: key(), not: false, type: 'group', op: 'all', parts: [] }
}

// What the server fills in by itself; kept, it would stand beside another attribute after an edit.
const FILLED = ['type', 'builtin']

function leafOf(data: Record<string, unknown>): Leaf {
  const leaf: Leaf = { ...data, kind: String(data.kind) }
  if (leaf.kind === 'attribute' || leaf.kind === 'date') for (const name of FILLED) delete leaf[name]
  for (const [name, value] of Object.entries(leaf)) if (value === null) delete leaf[name]
  return leaf
}

function nodeOf(data: Record<string, unknown>): Node {
  if ('not' in data) {
    const inner = nodeOf(data.not as Record<string, unknown>)
    return { ...inner, not: !inner.not }
  }
  const op = 'all' in data ? 'all' : 'any' in data ? 'any' : null
  if (op === null) return { key: key(), not: false, type: 'leaf', leaf: leafOf(data) }
  const parts = (data[op] as Record<string, unknown>[]).map(nodeOf)
  return { key: key(), not: false, type: 'group', op, parts }
}

/** A condition of the API for editing; the root is always a group. */
export function open(condition: Record<string, unknown>): Group {
  const node = nodeOf(condition)
  return node.type === 'group' ? node : { ...emptyGroup(), parts: [node] }
}

/** The condition as the API takes it. */
export function close(node: Node): Record<string, unknown> {
  const plain = node.type === 'leaf' ? { ...node.leaf } : { [node.op]: node.parts.map(close) }
  return node.not ? { not: plain } : plain
}

function mapped(node: Node, at: number, change: (node: Node) => Node): Node {
  if (node.key === at) return change(node)
  return node.type === 'group' ? { ...node, parts: node.parts.map((part) => mapped(part, at, change)) } : node
}

function without(node: Node, gone: number): Node {
  if (node.type === 'leaf') return node
  return { ...node, parts: node.parts.filter((part) => part.key !== gone).map((part) => without(part, gone)) }
}

export function reduce(root: Group, action: Action): Group {
  switch (action.do) {
    case 'reset':
      return action.root
    case 'remove':
      return without(root, action.key) as Group
    case 'add': {
      const made: Node =
        action.node === 'group'
          ? { ...emptyGroup(), fresh: true }
          : { key: key(), not: false, fresh: true, type: 'leaf', leaf: action.node }
      return mapped(root, action.to, (node) =>
        node.type === 'group' ? { ...node, parts: [...node.parts, made] } : node,
      ) as Group
    }
    case 'change':
      return mapped(root, action.key, (node) => (node.type === 'leaf' ? { ...node, leaf: action.leaf } : node)) as Group
    case 'op':
      return mapped(root, action.key, (node) => (node.type === 'group' ? { ...node, op: action.op } : node)) as Group
    case 'not':
      return mapped(root, action.key, (node) => ({ ...node, not: !node.not })) as Group
  }
}

/** Which node an error's dotted path (`condition.all.0.not.within`) means, and what is left of the path. */
export function locate(root: Node, field: string): { key: number; rest: string } | null {
  const path = field.split('.')
  if (path[0] === 'condition') path.shift()
  let node: Node = root
  for (;;) {
    if (node.not && path[0] === 'not') path.shift()
    if (node.type === 'leaf' || path[0] !== node.op) return { key: node.key, rest: path.join('.') }
    const part: Node | undefined = node.parts[Number(path[1])]
    if (part === undefined) return { key: node.key, rest: path.slice(1).join('.') }
    path.splice(0, 2)
    node = part
  }
}

function empty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

const NEEDED: Record<string, string[]> = {
  attribute: ['name', 'op'],
  tag: ['tag'],
  event: ['type'],
  segment: ['segment'],
  lifecycle: ['level'],
  stage: ['journey'],
  sequence: ['first', 'within'],
}

/** The first parameter that a leaf still lacks, or null. */
export function missing(leaf: Leaf): string | null {
  const lacking = (NEEDED[leaf.kind] ?? []).find((name) => empty(leaf[name]))
  if (lacking) return lacking
  if (leaf.kind === 'attribute' && leaf.op !== 'exists') {
    const { value, op } = leaf
    if (empty(value)) return 'value'
    if (op === 'between' && (!Array.isArray(value) || value.length !== 2 || value.some(empty))) return 'value'
  }
  if (leaf.kind === 'sequence') {
    const type = (matcher: unknown) => (matcher as { type?: unknown } | undefined)?.type
    if (empty(type(leaf.first))) return 'first'
    if (empty(type(leaf.then ?? leaf.then_not))) return 'then'
  }
  for (const matcher of [leaf, leaf.first, leaf.then, leaf.then_not])
    if (testsOf((matcher as { where?: unknown } | undefined)?.where).some(unfinishedTest)) return 'where'
  if (leaf.kind === 'score' && ['eq', 'ge', 'gt', 'le', 'lt'].every((name) => empty(leaf[name]))) return 'ge'
  if (leaf.kind === 'date' && ['today', 'month', 'age', 'days_until'].every((name) => empty(leaf[name]))) return 'month'
  return null
}

/** What stands in the way of asking the server: leaves that lack something, and empty groups of "any". */
export function unfinished(node: Node): { key: number; what: string }[] {
  if (node.type === 'leaf') {
    const what = missing(node.leaf)
    return what ? [{ key: node.key, what }] : []
  }
  if (node.op === 'any' && node.parts.length === 0) return [{ key: node.key, what: 'parts' }]
  return node.parts.flatMap(unfinished)
}

/** A new leaf of a kind, with the parameters that are most often meant. */
export function fresh(kind: string): Leaf {
  switch (kind) {
    case 'attribute':
      return { kind, name: undefined, op: 'eq' }
    case 'event':
      return { kind, within: '30d' }
    case 'sequence':
      return { kind, first: {}, then_not: {}, within: '12h' }
    case 'source':
    case 'channel':
      return { kind, touch: 'first' }
    case 'date':
      return { kind, month: 'current' }
    case 'order':
      return { kind, within: '30d' }
    default:
      return { kind }
  }
}
