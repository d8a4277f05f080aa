import { describe, expect, it } from 'vitest'
import { thickness } from './CountEdge'
import { curve, ENTRY, place, shapeOf } from './layout'
import { heaps } from './look'
import type { Wave } from './useWave'

function wave(counts: [number, number, number]): Wave {
  const node = (id: string, kind: string) => ({
    id,
    kind,
    title: id,
    awaits: null,
    stage: null,
    here: 0,
    ended: {},
    sends: {},
  })
  return {
    journey_id: 1,
    version: 1,
    entered: counts[0],
    active: 0,
    ended: {},
    goals: {},
    titles: {},
    nodes: [node('push', 'send'), node('wait', 'wait'), node('out', 'exit')],
    edges: [
      { source: null, edge: 'entered', target: 'push', count: counts[0] },
      { source: 'push', edge: 'sent', target: 'wait', count: counts[1] },
      { source: 'push', edge: 'not_sent', target: 'out', count: counts[2] },
      { source: 'wait', edge: 'next', target: null, count: 0 },
    ],
  }
}

describe('the drawing of a wave', () => {
  it('goes top-down from the entry and leaves out edges to nowhere', () => {
    const placed = place(wave([3, 2, 1]))
    const y = Object.fromEntries(placed.nodes.map((node) => [node.id, node.y]))
    expect(y[ENTRY]).toBeLessThan(y.push ?? 0)
    expect(y.push).toBeLessThan(y.wait ?? 0)
    expect(y.push).toBeLessThan(y.out ?? 0)
    expect(placed.edges).toHaveLength(3)
    for (const edge of placed.edges) expect(curve(edge.points)).toMatch(/^M[\d.-]+,[\d.-]+ [QL]/)
  })

  it('does not move when only counts change', () => {
    expect(shapeOf(wave([3, 2, 1]))).toBe(shapeOf(wave([300, 200, 100])))
  })

  it('keeps small streams visible and grows with the share', () => {
    expect(thickness(0, 1000)).toBeLessThan(thickness(1, 1000))
    expect(thickness(10, 1000)).toBeLessThan(thickness(500, 1000))
    expect(thickness(1000, 1000)).toBe(10)
  })

  it('tells sent, waiting and not sent apart', () => {
    expect(
      heaps({ 'accepted:now': 300, 'sent:now': 2, 'gathered:gathering': 4, 'not_sent:opted_out': 5, 'failed:x': 1 }),
    ).toEqual({
      out: 302,
      open: 4,
      not: 6,
    })
  })
})
