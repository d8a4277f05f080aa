import { expect, test } from 'vitest'
import {
  dropPiece,
  dropStage,
  emptyJourney,
  newPiece,
  newStage,
  setPiece,
  setRule,
  setStage,
  shift,
  tidy,
} from './draft'

function begun() {
  return emptyJourney(['认知', '有兴趣', '决策'], '您好')
}

test('names of new pieces and stages are taken by nobody', () => {
  let journey = begun()
  const first = () => journey.stages[0] as (typeof journey.stages)[number]
  journey = setPiece(journey, 'stage-1', newPiece(journey.stages, first(), 'x'))
  expect(first().pieces?.map((one) => one.id)).toEqual(['stage-1-1', 'stage-1-2'])
  expect(newStage(journey.stages, '新').id).toBe('stage-4')
  journey = dropPiece(journey, 'stage-1', 'stage-1-1')
  expect(newPiece(journey.stages, first(), 'y').id).toBe('stage-1-1')
})

test('a piece is changed where it stands', () => {
  const journey = setPiece(begun(), 'stage-1', { id: 'stage-1-1', text: '早', at: '09:00', routes: ['oa_custom'] })
  expect(journey.stages[0]?.pieces).toEqual([{ id: 'stage-1-1', text: '早', at: '09:00', routes: ['oa_custom'] }])
})

test('a stage that goes takes with it the rules that came from it alone', () => {
  const when = { kind: 'event', type: 'message_received' }
  let journey = setRule(begun(), 'stage-1', 0, { reason: 'cooled', when, from: ['stage-3'] })
  journey = setRule(journey, 'stage-2', 0, { reason: 'fell', when, from: ['stage-1', 'stage-3'] })
  journey = dropStage(journey, 'stage-3')
  expect(journey.stages.map((stage) => [stage.id, stage.enter?.map((rule) => rule.from)])).toEqual([
    ['stage-1', []],
    ['stage-2', [['stage-1']]],
  ])
})

test('stages change places', () => {
  expect(shift(begun(), 'stage-3', -1).stages.map((stage) => stage.id)).toEqual(['stage-1', 'stage-3', 'stage-2'])
})

test('what is empty is not written', () => {
  const journey = setStage(begun(), 'stage-2', { every: undefined, enter: [] })
  const told = tidy({ ...journey, name: '旅程' })
  expect(told.stages[1]).toEqual({ id: 'stage-2', name: '有兴趣' })
  expect(told.entry).toEqual({})
})
