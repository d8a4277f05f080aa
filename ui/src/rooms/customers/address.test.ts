import { describe, expect, it } from 'vitest'
import { conditionOf, listedBy, readAddress } from './address'

describe('the address of a list of customers', () => {
  it('is a condition whose parts must all hold', () => {
    const search = readAddress({
      segment: 3,
      tag: [5, 6],
      source: 'oa_scene/expo/2026',
      staff: 10086,
      follow: 'never',
      account: 1,
      pushes: 'out',
      region: '上海',
      where: { kind: 'owner' },
      q: 'zs',
    })
    expect(conditionOf(search)).toEqual({
      all: [
        { kind: 'segment', segment: 3 },
        { kind: 'tag', tag: [5, 6], match: 'all' },
        { kind: 'source', via: ['oa_scene'], code: ['expo/2026'] },
        { kind: 'follow', staff: ['10086'] },
        { kind: 'account', account_id: 1, following: false },
        { not: { kind: 'account', account_id: 1, following: false, lost: true } },
        { kind: 'pushes', wanted: false },
        { kind: 'attribute', name: 'region', op: 'eq', value: '上海' },
        { kind: 'owner' },
      ],
    })
  })

  it('says of several tags that one is enough, of an account that it is followed', () => {
    expect(conditionOf(readAddress({ tag: [5, 6], tags: 'any' })).all).toEqual([
      { kind: 'tag', tag: [5, 6], match: 'any' },
    ])
    expect(conditionOf(readAddress({ account: 2 })).all).toEqual([{ kind: 'account', account_id: 2 }])
    expect(conditionOf(readAddress({ follow: 'now' })).all).toEqual([{ kind: 'account' }])
    expect(conditionOf(readAddress({ tag: 5 })).all).toEqual([{ kind: 'tag', tag: 5 }])
  })

  it('leaves out what it does not know, and everybody is meant without a filter', () => {
    const search = readAddress({ segment: 'x', tag: -1, sort: 'size', follow: 'maybe', where: [1], q: '' })
    expect(Object.values(search).filter((part) => part !== undefined)).toEqual([])
    expect(conditionOf(search)).toEqual({ all: [] })
  })

  it('lists by latest activity only who ever did something, which is no part of the filter', () => {
    const search = readAddress({ sort: 'activity' })
    expect(conditionOf(search).all).toEqual([])
    expect(listedBy(search).all).toEqual([{ kind: 'attribute', name: 'last_activity_at', op: 'exists' }])
  })
})
