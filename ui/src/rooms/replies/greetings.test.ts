import { expect, test } from 'vitest'
import { type Greeting, greetingDraft, greetingOf, lunarDay } from './greetings'

const stored: Greeting = {
  greeting_id: 1,
  name: '生日',
  occasion: { kind: 'birthday', attribute: 'birthday', calendar: 'lunar', lunar_if: 'by_moon' },
  text: '生日快乐',
  content_id: null,
  at: '08:30',
  ways: [{ route: 'oa_template', account_id: 3, template: 'T1' }],
  condition: null,
  active: true,
  next_day: '2026-03-05',
  next_at: '2026-03-05T00:30:00Z',
  changed_at: '2026-03-01T00:00:00Z',
  changed_by: 'staff:1',
}

test('what is opened and saved untouched stays as it was', () => {
  const { greeting_id, next_day, next_at, changed_at, changed_by, ...body } = stored
  expect(greetingOf(greetingDraft(stored))).toEqual(body)
})

test('only what the chosen occasion and way need is sent', () => {
  const draft = greetingDraft(stored)
  expect(greetingOf({ ...draft, calendar: 'solar' }).occasion).toMatchObject({ calendar: 'solar', lunar_if: null })
  expect(greetingOf({ ...draft, kind: 'festival' }).occasion).toEqual({ kind: 'festival', festival: 'spring' })
  expect(greetingOf({ ...draft, ways: [{ route: 'kf', account_id: 2, template: 'T1' }] }).ways[0]?.template).toBe(null)
  const task = greetingOf({ ...draft, by: 'task', said: 'content', content_id: 4 })
  expect([task.ways, task.text, task.content_id]).toEqual([[], '生日快乐', null])
})

test('lunar days are written as people write them', () => {
  const days = [
    [1, 1],
    [8, 15],
    [12, 8],
    [12, 30],
    [5, 10],
    [11, 20],
    [4, 21],
  ] as const
  expect(days.map(([month, day]) => lunarDay(month, day))).toEqual([
    '正月初一',
    '八月十五',
    '腊月初八',
    '腊月三十',
    '五月初十',
    '冬月二十',
    '四月廿一',
  ])
})
