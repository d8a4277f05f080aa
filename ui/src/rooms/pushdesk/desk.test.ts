import { expect, test } from 'vitest'
import { type Desk, type DeskTask, grounds, ordered, present, span, sums } from './desk'
import { readable, told } from './told'
import { type Member, minutes, totals } from './totals'

const t = (key: string, values?: Record<string, unknown>) => `${key}(${Object.values(values ?? {}).join()})`

function task(state: DeskTask['state'], at: string): DeskTask {
  return {
    task_id: null,
    key: 'p1-0-1-1',
    route: 'wecom_group_send',
    part: 'noon',
    state,
    says: at,
    links: {},
    content_id: null,
    recipients: 10,
    received: 0,
    failed: 0,
    unknown: 0,
    at,
    expires_at: at,
    confirmed_at: null,
    reminders: 0,
  }
}

const TASKS = [
  task('done', '2026-03-02T01:00:00Z'),
  task('open', '2026-03-02T04:00:00Z'),
  task('planned', '2026-03-02T10:30:00Z'),
  task('open', '2026-03-02T02:00:00Z'),
  task('confirmed', '2026-03-02T03:00:00Z'),
  task('expired', '2026-03-01T03:00:00Z'),
]

test('what stands in the assistant comes first, what is over last', () => {
  expect(ordered(TASKS).map((one) => `${one.state} ${one.at.slice(11, 13)}`)).toEqual([
    'open 02',
    'open 04',
    'planned 10',
    'confirmed 03',
    'done 01',
    'expired 03',
  ])
})

test('the day is counted without what expired, in minutes that are never too few', () => {
  const desk = { tasks: TASKS, seconds_left: 90 } as Desk
  expect(sums(desk)).toEqual({ waiting: 2, later: 1, confirmed: 2, total: 5, minutes: 2 })
})

test('a span is told in hours and minutes until it is over', () => {
  expect(span('2026-03-02T01:00:00Z', '2026-03-02T02:30:30Z')).toEqual({ hours: 1, minutes: 31 })
  expect(span('2026-03-02T01:00:00Z', '2026-03-02T01:00:00Z')).toBeNull()
})

test('a text is shown without the marks of its fields', () => {
  const says = '{{name|您}}好，{{ city }}的{{link:case-story}}、{{link:gone}}和{{link}}'
  expect(readable(t, { says, links: { 'case-story': '三个月' } }, (name) => `<${name}>`)).toBe(
    '您好，pushdesk.attribute(<city>)的pushdesk.link(三个月)、pushdesk.link(gone)和pushdesk.own_link()',
  )
})

test('a planned post of Moments is to be posted there, not sent by the assistant', () => {
  const planned = task('planned', '2026-03-02T10:30:00Z')
  const before = '2026-03-02T10:00:00Z'
  expect(told(t, planned, before)).toEqual(['pushdesk.in(pushdesk.only_minutes(30))'])
  const post: DeskTask = { ...planned, route: 'moments' }
  expect(told(t, post, before)).toEqual(['pushdesk.in_moments(pushdesk.only_minutes(30))'])
  expect(told(t, post, planned.at)).toEqual(['pushdesk.soon_moments()'])
})

test('the days of the members add up to that of the team', () => {
  const one = { planned: 1, waiting: 2, confirmed: 3, expired: 4, people: 50, received: 20, seconds_left: 90 } as Member
  const other = { ...one, waiting: 0, seconds_left: 0 }
  expect(totals([one, other])).toMatchObject({ planned: 2, waiting: 2, people: 100, received: 40, seconds_left: 90 })
  expect(minutes(totals([one, other]).seconds_left)).toBe(2)
  expect(totals([])).toMatchObject({ planned: 0, people: 0 })
})

test('people are told by fate, and why where the fate alone does not say it', () => {
  expect(present({ failed: 2, received: 3, unknown: 0 })).toEqual([
    { fate: 'received', people: 3 },
    { fate: 'failed', people: 2 },
  ])
  expect(grounds({ fate: 'withdrawn', reason: 'cancelled', detail: 'stage_left' })).toEqual(['stage_left'])
  expect(grounds({ fate: 'failed', reason: 'not_contact', detail: null })).toEqual(['not_contact'])
  expect(grounds({ fate: 'received', reason: 'now', detail: null })).toEqual([])
})

test('what nobody can say is told apart from what failed', () => {
  const done: DeskTask = { ...task('done', '2026-03-02T10:30:00Z'), received: 7, failed: 1, unknown: 2 }
  expect(told(t, done, done.at)).toEqual(['pushdesk.reached(7,10)', 'pushdesk.missed(1)', 'pushdesk.unknown(2)'])
  expect(told(t, { ...done, state: 'cancelled' }, done.at)).toEqual([])
})
