import { describe, expect, it } from 'vitest'
import { close, emptyGroup, fresh, type Group, locate, open, reduce, unfinished } from './model'
import { testsOf, whereOf } from './where'

const STORED = {
  all: [
    { kind: 'tag', tag: [3, 4], match: 'any' },
    { not: { any: [{ kind: 'event', type: 'form_submitted', within: '30d' }, { not: { kind: 'owner' } }] } },
  ],
}

describe('a condition while it is edited', () => {
  it('comes back as it was opened', () => {
    expect(close(open(STORED))).toEqual(STORED)
  })

  it('puts a single leaf into a group and drops what the server fills in', () => {
    const root = open({ kind: 'attribute', name: 'region', op: 'eq', value: '上海', type: 'text', builtin: true })
    expect(close(root)).toEqual({ all: [{ kind: 'attribute', name: 'region', op: 'eq', value: '上海' }] })
  })

  it('reads not of not as nothing', () => {
    expect(close(open({ not: { not: { any: [{ kind: 'owner' }] } } }))).toEqual({ any: [{ kind: 'owner' }] })
  })

  it('adds, negates, changes and removes at any depth', () => {
    let root: Group = open(STORED)
    const inner = root.parts[1]
    if (inner?.type !== 'group') throw new Error('the second part is a group')
    root = reduce(root, { do: 'add', to: inner.key, node: fresh('account') })
    const added = (root.parts[1] as Group).parts[2]
    if (!added) throw new Error('a leaf was added')
    root = reduce(root, { do: 'not', key: added.key })
    root = reduce(root, { do: 'change', key: added.key, leaf: { kind: 'account', account_id: 1, following: true } })
    root = reduce(root, { do: 'op', key: inner.key, op: 'all' })
    root = reduce(root, { do: 'remove', key: root.parts[0]?.key ?? 0 })
    expect(close(root)).toEqual({
      all: [
        {
          not: {
            all: [
              { kind: 'event', type: 'form_submitted', within: '30d' },
              { not: { kind: 'owner' } },
              { not: { kind: 'account', account_id: 1, following: true } },
            ],
          },
        },
      ],
    })
  })

  it('finds the node that an error of the server means', () => {
    const root = open(STORED)
    const inner = root.parts[1] as Group
    expect(locate(root, 'condition.all.0.tag.1')).toEqual({ key: root.parts[0]?.key, rest: 'tag.1' })
    expect(locate(root, 'condition.all.1.not.any.0.within')).toEqual({ key: inner.parts[0]?.key, rest: 'within' })
    expect(locate(root, 'condition.all.1.not.any.1.not.staff')).toEqual({ key: inner.parts[1]?.key, rest: 'staff' })
    expect(locate(root, 'condition')).toEqual({ key: root.key, rest: '' })
  })

  it('says what is still missing before the server is asked', () => {
    const lacks = (leaf: Record<string, unknown>) => unfinished(open({ all: [leaf] }))[0]?.what ?? null
    expect(
      unfinished(open({ all: [{ kind: 'tag' }, { not: { any: [] } }, { kind: 'event' }] })).map((one) => one.what),
    ).toEqual(['tag', 'parts', 'type'])
    expect(unfinished(emptyGroup())).toEqual([])
    expect(unfinished(open({ any: [] }))[0]?.what).toBe('parts')
    expect(lacks({ kind: 'tag' })).toBe('tag')
    expect(lacks({ kind: 'attribute', name: 'region', op: 'eq' })).toBe('value')
    expect(lacks({ kind: 'attribute', name: 'region', op: 'exists' })).toBeNull()
    expect(lacks({ kind: 'attribute', name: 'age', op: 'between', value: [1, undefined] })).toBe('value')
    expect(lacks({ kind: 'attribute', name: 'vip', op: 'eq', value: false })).toBeNull()
    expect(lacks({ kind: 'sequence', first: { type: 'followed' }, then_not: {}, within: '12h' })).toBe('then')
    expect(lacks({ kind: 'date', today: true })).toBeNull()
  })
})

describe('every kind of docs/conditions.md', () => {
  const EVERY = {
    all: [
      { kind: 'event', type: 'message_received', where: { text: { contains: '电子书' } }, within: '12h' },
      { kind: 'event', type: ['a', 'b'], content: [7, 8], count: { ge: 3, lt: 9 }, where: { n: { eq: 5, ne: 6 } } },
      { kind: 'event', type: 'form_submitted', count: { eq: 0 }, from: '2026-02-28T16:00:00Z' },
      { not: { kind: 'sequence', first: { type: 'a', within: '1d' }, then_not: { type: 'b' }, within: '12h' } },
      { kind: 'tag', tag: [1, 2], match: 'all' },
      { kind: 'attribute', name: 'birthday', op: 'between', value: ['1990-01-01', { ago: '365d' }] },
      { any: [{ kind: 'date', age: { ge: 18, lt: 30 } }, { not: { all: [{ kind: 'date', month: 'current' }] } }] },
      { kind: 'order', count: { ge: 2 }, amount: { ge: 100000 }, currency: 'USD', last_before: '30d' },
      { kind: 'source', touch: 'first', via: ['oa_scene'], code: ['expo2026'], within: '90d' },
      { kind: 'owner', staff: [4] },
      { kind: 'account', account_id: 1, following: false },
      { kind: 'segment', segment: 7 },
    ],
  }

  it('comes back as it was opened, also as the whole negated', () => {
    expect(close(open(EVERY))).toEqual(EVERY)
    expect(close(open({ not: EVERY }))).toEqual({ not: EVERY })
    expect(unfinished(open(EVERY))).toEqual([])
  })

  it('keeps the tests of properties as they are, a plain value as equal', () => {
    expect(testsOf({ n: 5, text: { contains: 'a', starts: 'b', eq: null } })).toEqual([
      { property: 'n', op: 'eq', value: 5 },
      { property: 'text', op: 'contains', value: 'a' },
      { property: 'text', op: 'starts', value: 'b' },
    ])
    expect(whereOf(testsOf({ n: { ge: 1, lt: 3 } }))).toEqual({ n: { ge: 1, lt: 3 } })
    expect(whereOf([])).toBeUndefined()
    expect(unfinished(open({ all: [{ kind: 'event', type: 'a', where: { '': { eq: 1 } } }] }))[0]?.what).toBe('where')
  })
})
