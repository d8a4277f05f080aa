import { describe, expect, it } from 'vitest'
import { counted, edgeWord, endingWord, lookWord } from './looks'
import type { Wave } from './useWave'
import { words } from './words'

const say = (key: string, values?: Record<string, unknown>) => {
  const known = (words.zh as Record<string, string>)[key] ?? String(values?.defaultValue ?? key)
  return known.replace(/{{(\w+)}}/g, (_, name) => String(values?.[name]))
}
const node = { kind: 'send', here: 0, ended: {}, sends: {}, awaits: null, stage: null }
const wave: Wave = {
  journey_id: 1,
  version: 2,
  entered: 9,
  active: 3,
  ended: { reminded: 4, 'goal:bought': 1, gone: 1 },
  goals: { bought: 2 },
  titles: { 'goal:bought': '买了' },
  nodes: [
    { ...node, id: 'push', title: '推送', here: 3 },
    {
      ...node,
      id: 'reply',
      title: '等回复',
      kind: 'wait_for',
      awaits: 'message_received',
      stage: null,
      ended: { gone: 1 },
    },
    { ...node, id: 'done', title: '已提醒', kind: 'exit', ended: { reminded: 4 } },
  ],
  edges: [
    { source: null, edge: 'entered', target: 'push', count: 9 },
    { source: 'reply', edge: 'happened', target: 'done', count: 4 },
  ],
}

describe('what an operator looks at', () => {
  it('is counted as the wave counts it', () => {
    const members = { kind: 'members' } as const
    expect(counted(wave, members)).toBe(9)
    expect(counted(wave, { ...members, active: true })).toBe(3)
    expect(counted(wave, { ...members, active: false })).toBe(6)
    expect(counted(wave, { ...members, active: false, reason: 'gone' })).toBe(1)
    expect(counted(wave, { ...members, node: 'push', active: true })).toBe(3)
    expect(counted(wave, { ...members, node: 'done', active: false, reason: 'reminded' })).toBe(4)
    expect(counted(wave, { kind: 'edge', source: null, edge: 'entered', target: 'push' })).toBe(9)
    expect(counted(wave, { kind: 'goal', name: 'bought' })).toBe(2)
  })

  it('is named in words: of an awaited event, of an exit step, of a goal, of a rule', () => {
    const edge = { kind: 'edge', source: 'reply', edge: 'happened', target: 'done' } as const
    expect(lookWord(say, wave, edge, (code) => code)).toBe('等回复 · 已回复 → 已提醒')
    expect(edgeWord(say, wave, 'reply', 'timeout')).toBe('超时')
    expect(endingWord(say, wave, 'reminded')).toBe('已提醒')
    expect(endingWord(say, wave, 'goal:bought')).toBe('达成目标「买了」')
    expect(endingWord(say, wave, 'gone')).toBe('满足退出条件「gone」')
    expect(endingWord(say, wave, 'merged')).toBe('客户合并')
  })
})
