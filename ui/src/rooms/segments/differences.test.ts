import { describe, expect, it } from 'vitest'
import type { Names } from '@/shared/lookups'
import { differences } from './differences'

const named = (id: unknown) => `${id}`
const names: Names = {
  account: named,
  content: named,
  journey: named,
  segment: named,
  tag: named,
  staff: named,
  contact: named,
  level: named,
  channel: named,
  stage: named,
  rule: named,
  attribute: named,
  value: (_, value) => String(value),
}
const speech = {
  say: (key: string, values?: Record<string, unknown>) => `${key} ${JSON.stringify(values ?? {})}`,
  names,
}
const tag = (id: number) => ({ kind: 'tag', tag: id })

describe('what differs between two versions of a segment', () => {
  it('names the parts that only one has', () => {
    const found = differences(
      { name: '甲', condition: { all: [tag(1), tag(2)] } },
      { name: '乙', condition: { all: [tag(2), { not: tag(3) }] } },
      speech,
    )
    expect(found.name).toEqual({ before: '甲', after: '乙' })
    expect(found.removed).toEqual(['leaf.tag {"tags":"1"}'])
    expect(found.added).toHaveLength(1)
    expect(found.added[0]).toContain('said.not')
    expect(found.whole).toBeNull()
  })

  it('tells the whole condition when the parts are joined in another way', () => {
    const found = differences(
      { name: '甲', condition: { all: [tag(1), tag(2)] } },
      { name: '甲', condition: { any: [tag(1), tag(2)] } },
      speech,
    )
    expect(found.name).toBeNull()
    expect([found.added, found.removed]).toEqual([[], []])
    expect(found.whole?.before).not.toEqual(found.whole?.after)
  })

  it('finds none between one condition in two notations', () => {
    const found = differences(
      { name: '甲', condition: { ...tag(1) } },
      { name: '甲', condition: { all: [tag(1)] } },
      speech,
    )
    expect(found).toEqual({ name: null, added: [], removed: [], whole: null })
  })
})
