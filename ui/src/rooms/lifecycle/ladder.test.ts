import { expect, test } from 'vitest'
import { draftOf, type LadderBody, ladderOf, notRising } from './ladder'

const SAVED: LadderBody = {
  levels: [
    { key: 'fan', name: '新粉', points: null, segment_id: null, customers: 5 },
    { key: 'mql', name: 'MQL', points: 40, segment_id: null, customers: 2 },
    { key: 'customer', name: '客户', points: null, segment_id: 7, customers: 1 },
    { key: 'lost', name: '流失', points: null, segment_id: null, customers: 0 },
  ],
  half_life_days: null,
  margin: 10,
  sweep: null,
}

test('what was not touched is saved as it was', () => {
  const { levels, half_life_days, margin } = ladderOf(draftOf(SAVED))
  expect(levels).toEqual(SAVED.levels.map(({ customers: _, ...level }) => level))
  expect([half_life_days, margin]).toEqual([null, 10])
})

test('only what belongs to how a level is reached is saved, and new levels get keys of their own', () => {
  const draft = draftOf(SAVED)
  draft.levels = [
    { key: 'lost', name: '流失', how: 'points', points: 3 },
    { key: 'level_1', name: ' 热 ', how: 'segment', points: 40, segment_id: 7 },
    { name: '更热', how: 'points', points: 50, segment_id: 7 },
    { name: '最热', how: 'hand', points: 60 },
  ]
  expect(ladderOf(draft).levels).toEqual([
    { key: 'lost', name: '流失', points: null, segment_id: null },
    { key: 'level_1', name: '热', points: null, segment_id: 7 },
    { key: 'level_2', name: '更热', points: 50, segment_id: null },
    { key: 'level_3', name: '最热', points: null, segment_id: null },
  ])
})

test('points have to rise', () => {
  const rungs = [0, 10, 40, 40, 30, 80].map((points) => ({ how: 'points' as const, points }))
  expect(notRising(rungs)).toEqual([3, 4])
  expect(notRising([{ how: 'hand' }, { how: 'points', points: 40 }, { how: 'segment' }, { how: 'points' }])).toEqual([])
})
