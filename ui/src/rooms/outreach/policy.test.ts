import { expect, test } from 'vitest'
import { type Day, doubled, draftOf, type Policy, placeOf, policyOf, spansOf, unordered } from './policy'

const POLICY: Policy = {
  quiet_from: '22:30:00',
  quiet_to: '07:00:00',
  quiet_days: ['2026-12-31'],
  holidays: 'hold',
  caps: [
    { route: null, period: 'day', most: 2 },
    { route: 'oa_mass', period: 'week', most: 1 },
  ],
  windows: [{ trigger: 'message', seconds: 172_800, messages: 5 }],
  quotas: {
    mass_month: 4,
    mass_day: 100,
    mass_minute: 60,
    custom_day: 500_000,
    template_day: 100_000,
    moments_month: 100_000,
    moments_minute: 10,
  },
  broadcast: 'monthly_days',
  patience_s: 604_800,
  tasks: {
    rounds: [
      { part: 'morning', at: '09:00:00' },
      { part: 'noon', at: '12:00:00' },
      { part: 'after_work', at: '18:30:00' },
      { part: 'evening', at: '20:30:00' },
      { part: 'weekend_morning', at: '10:00:00' },
    ],
    rounds_day: 3,
    tasks_day: 20,
    task_seconds: 30,
    tolerance_s: 14_400,
    expiry_s: 86_400,
    unconfirmed: 'reroute',
    remind_after_s: 7_200,
    reminders: 2,
    lead_s: 3_600,
    posts_day: 3,
    posts_month: 31,
  },
}

test('an untouched policy is saved as it was', () => {
  expect(policyOf(draftOf(POLICY), POLICY)).toEqual(POLICY)
})

test('no quiet hours are two equal times, and what the form does not show stays', () => {
  const none = policyOf({ ...draftOf(POLICY), quiet: null }, POLICY)
  expect([none.quiet_from, none.quiet_to, none.windows]).toEqual(['00:00:00', '00:00:00', POLICY.windows])
  expect(draftOf(none).quiet).toBeNull()
})

test('a holiday is one line with its own name, a worked weekend another', () => {
  const day = (on: string, name: string, kind: Day['kind'] = 'holiday'): Day => ({ day: on, name, kind })
  expect(
    spansOf([
      day('2026-02-14', '调休上班', 'adjusted_workday'),
      day('2026-02-15', '节假日相连周末'),
      day('2026-02-16', '农历除夕'),
      day('2026-02-17', '春节'),
      day('2026-02-18', '春节'),
      day('2026-02-19', '调休放假'),
      day('2026-04-05', '清明节'),
    ]).map((one) => [one.first, one.last, one.days, one.names]),
  ).toEqual([
    ['2026-02-14', '2026-02-14', 1, []],
    ['2026-02-15', '2026-02-19', 5, ['农历除夕', '春节']],
    ['2026-04-05', '2026-04-05', 1, ['清明节']],
  ])
})

test('a second cap of one route and period is found', () => {
  const cap = { route: 'all', period: 'day' as const, most: 1 }
  expect(doubled([cap, { ...cap, period: 'week' }, cap])).toEqual([2])
})

test('hours of a day that do not follow one another are found, and fields that the server names have their place', () => {
  const hours = draftOf(POLICY).tasks?.hours
  if (!hours) throw new Error('no hours')
  expect(unordered(hours)).toBe(false)
  expect(unordered({ ...hours, weekend_morning: hours.noon })).toBe(true)
  expect(unordered({ ...hours, evening: hours.morning })).toBe(true)
  expect(placeOf('tasks.remind_after_s')).toEqual(['tasks', 'remind_after'])
  expect(placeOf('caps.2.most')).toEqual(['caps', 2, 'most'])
})
