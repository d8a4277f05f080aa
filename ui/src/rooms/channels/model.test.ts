import { expect, test } from 'vitest'
import { blank, byHook, clean, type Listed, turns, whoCame } from './model'

function listed(state: string, hook: string, people: number, leads: number, cost: number): Listed {
  const channel = { state, definition: { ...blank('link'), hook } }
  const figures = { arrivals: people, people, leads, cost, cost_per_person: null, cost_per_lead: null }
  return { channel, figures } as unknown as Listed
}

test('channels of one hook are compared together, the cheapest lead first', () => {
  const rows = byHook([
    listed('a', '电子书', 10, 2, 1_000),
    listed('b', '试用', 4, 2, 600),
    listed('c', '电子书', 5, 3, 0),
  ])
  expect(rows.map((row) => [row.hook, row.states, row.figures.people, row.figures.cost_per_lead])).toEqual([
    ['电子书', ['a', 'c'], 15, 200],
    ['试用', ['b'], 4, 300],
  ])
})

test('a definition holds the parts of its kind alone', () => {
  const given = { ...blank('link'), name: ' 微博 ', target: ' https://a.cn ', chats: ['x'] }
  expect(clean(given, 'link')).toMatchObject({ name: '微博', target: 'https://a.cn', chats: [], rotation: null })
})

test('what is empty in the form of a rotation is left out', () => {
  const given = {
    members: [{ staff_id: 3, shifts: [{ days: [], start: '09:00', until: '' }] }, {}],
    fallback: undefined,
  }
  expect(turns(given as never)).toEqual({
    members: [{ staff_id: 3, weight: 1, daily_limit: null, shifts: [], paused: false }],
    fallback: [],
  })
})

test('a figure leads to its people', () => {
  expect(whoCame(['a'], '2026-03-01T00:00:00+08:00', '2026-03-02T00:00:00+08:00', ['lead'])).toEqual({
    all: [
      { kind: 'channel', channel: ['a'], from: '2026-03-01T00:00:00+08:00', to: '2026-03-02T00:00:00+08:00' },
      { kind: 'lifecycle', level: ['lead'] },
    ],
  })
})
