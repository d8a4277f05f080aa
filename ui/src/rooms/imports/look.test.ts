import { describe, expect, it } from 'vitest'
import { i18n } from '@/app/i18n'
import type { Say } from '@/shared/say'
import { forecast, type Import, outcome, type Term } from './look'
import { remaining } from './remaining'

const say: Say = (key, values) => String(i18n.t(key, { lng: 'zh', ...values }))
const none = {
  new: 0,
  update: 0,
  duplicate: 0,
  merge: 0,
  conflict: 0,
  error: 0,
  warnings: 0,
  applied: 0,
  created: 0,
  customers: 0,
  known: 0,
  doubled: 0,
  cases: 0,
  refused: 0,
}
const one = (total: number, counts: Partial<Import['counts']>) =>
  ({ progress: { total, done: total, per_second: 0, errors: 0 }, counts: { ...none, ...counts } }) as Import
const written = (terms: Term[]) => terms.map((term) => `${term.sign}${term.count} ${term.word}`).join(' ')

describe('the sum that explains an import', () => {
  it('leaves out what is nothing, and adds up', () => {
    expect(forecast(one(59, { new: 46, duplicate: 4, conflict: 1, error: 8 })).map(written)).toEqual([
      '59 file −8 error =51 importable',
      'among46 will_new +4 will_duplicate +1 will_conflict',
    ])
    const done = one(59, { error: 8, applied: 51, doubled: 4, customers: 47, created: 45, known: 2 })
    expect(outcome(done).map(written)).toEqual([
      '59 file −8 error =51 applied −4 doubled =47 people',
      'among45 created +2 known',
    ])
  })

  it('tells of the rows that an import stopped under way never came to', () => {
    const stopped = one(100, { error: 2, applied: 30, customers: 30, created: 30 })
    expect(outcome(stopped).map(written)[0]).toBe('100 file −2 error −68 unwritten =30 applied =30 people')
  })

  it('shows a result of nothing', () => {
    expect(forecast(one(3, { error: 3 })).map(written)).toEqual(['3 file −3 error =0 importable', ''])
  })

  it('has a word for every term', () => {
    const all = one(9, { ...Object.fromEntries(Object.keys(none).map((name) => [name, 1])) })
    for (const term of [...forecast(all), ...outcome(all)].flat())
      for (const lng of ['zh', 'en']) expect(i18n.exists(`import.term.${term.word}`, { lng })).toBe(true)
  })
})

describe('the time that is left', () => {
  it('is said in words a person plans by', () => {
    expect(remaining(500, 1000, say)).toBe('还需不到 1 分钟')
    expect(remaining(190_000, 1000, say)).toBe('还需约 4 分钟')
    expect(remaining(9_000_000, 2000, say)).toBe('还需约 1 小时 15 分钟')
  })

  it('is not guessed before anything is done', () => {
    expect(remaining(500, 0, say)).toBeNull()
    expect(remaining(0, 100, say)).toBeNull()
  })
})
