import { describe, expect, it } from 'vitest'
import { close, emptyGroup, fresh, type Group, locate, open, reduce, unfinished } from './model'

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
    const lacks = (leaf: Record<string, unknown>) => unfinished(open({ all: [leaf] }))?.what ?? null
    expect(unfinished(emptyGroup())).toBeNull()
    expect(unfinished(open({ any: [] }))?.what).toBe('parts')
    expect(lacks({ kind: 'tag' })).toBe('tag')
    expect(lacks({ kind: 'attribute', name: 'region', op: 'eq' })).toBe('value')
    expect(lacks({ kind: 'attribute', name: 'region', op: 'exists' })).toBeNull()
    expect(lacks({ kind: 'attribute', name: 'age', op: 'between', value: [1, undefined] })).toBe('value')
    expect(lacks({ kind: 'attribute', name: 'vip', op: 'eq', value: false })).toBeNull()
    expect(lacks({ kind: 'sequence', first: { type: 'followed' }, then_not: {}, within: '12h' })).toBe('then')
    expect(lacks({ kind: 'date', today: true })).toBeNull()
  })
})
