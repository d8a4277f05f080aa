import { describe, expect, test } from 'vitest'
import { daysOf, moved, type Piece, place, type Stage, timeline } from './stages'
import type { Wave } from './useWave'

function piece(id: string, more: Partial<Piece>): Piece {
  return { id, text: id, routes: ['oa_custom'], ...more }
}

const STAGE: Stage = {
  id: 'keen',
  name: '有兴趣',
  every: 3,
  pieces: [
    piece('a', { at: '22:00' }),
    piece('b', { part: 'noon' }),
    piece('c', { day: 2, at: '09:00' }),
    piece('d', { part: 'evening' }),
    piece('e', { day: 1, part: 'morning' }),
  ],
}

describe('the days of pieces', () => {
  test('count on from the piece above, as the server does', () => {
    expect(daysOf(STAGE)).toEqual([1, 4, 2, 5, 1])
  })

  test('stand by day and hour', () => {
    const told = timeline(STAGE).map(({ day, pieces }) => [day, pieces.map((one) => one.id).join(' ')])
    expect(told).toEqual([
      [1, 'e a'],
      [2, 'c'],
      [4, 'b'],
      [5, 'd'],
    ])
  })
})

test('a fault is placed at its stage, piece or rule', () => {
  expect(place('stages.keen.pieces.price.at')).toEqual({ stage: 'keen', piece: 'price', rule: null, rest: 'at' })
  expect(place('stages.keen.pieces.price')).toEqual({ stage: 'keen', piece: 'price', rule: null, rest: '' })
  expect(place('stages.keen.enter.1.when.kind')).toEqual({ stage: 'keen', piece: null, rule: 1, rest: 'when.kind' })
  expect(place('stages.keen.name')).toEqual({ stage: 'keen', piece: null, rule: null, rest: 'name' })
  expect(place('entry.segment')).toBeNull()
})

test('moves into a stage are counted by reason', () => {
  const edge = (source: string, name: string, target: string, count: number) => ({ source, edge: name, target, count })
  const edges = [
    edge('hello', 'move:clicked', 'keen', 3),
    edge('aware_rest', 'move:clicked', 'keen', 2),
    edge('hello', 'move:by_hand', 'keen', 1),
    edge('price', 'move:silent', 'aware', 7),
    edge('hello', 'asked', 'keen', 9),
  ]
  expect(moved({ edges } as unknown as Wave, 'keen')).toEqual({ clicked: 5, by_hand: 1 })
})
