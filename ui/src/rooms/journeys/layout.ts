import { layout as arrange, Graph } from '@dagrejs/dagre'
import type { Wave } from './useWave'

export const ENTRY = '@entry'
export const WIDTH = 220
export const HEIGHT = 70
const LABEL = { width: 100, height: 24, labelpos: 'c' as const }

export interface Point {
  x: number
  y: number
}
export interface PlacedNode extends Point {
  id: string
  width: number
  height: number
}
export interface PlacedEdge {
  id: string
  source: string
  target: string
  edge: string
  points: Point[]
  label: Point
}
export interface Placed {
  nodes: PlacedNode[]
  edges: PlacedEdge[]
  width: number
  height: number
}

export function edgeId(edge: { source: string | null; edge: string; target: string | null }): string {
  return `${edge.source ?? ENTRY}>${edge.edge}>${edge.target ?? ''}`
}

/** The shape of a wave: it changes only with the version, never with the counts. */
export function shapeOf(wave: Wave): string {
  return JSON.stringify([wave.nodes.map((node) => node.id), wave.edges.map(edgeId)])
}

/** Places of all steps and edges, top-down. */
export function place(wave: Wave): Placed {
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 22, edgesep: 14, marginx: 12, marginy: 12 })
  graph.setDefaultEdgeLabel(() => ({}))
  graph.setNode(ENTRY, { width: WIDTH, height: 48 })
  for (const node of wave.nodes) graph.setNode(node.id, { width: WIDTH, height: node.kind === 'exit' ? 58 : HEIGHT })
  const shown = wave.edges.filter((edge) => edge.target !== null)
  for (const edge of shown) {
    graph.setEdge(edge.source ?? ENTRY, edge.target ?? '', { ...LABEL }, edgeId(edge))
  }
  arrange(graph)
  const size = graph.graph()
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: graph.nodes().map((id) => {
      const { x, y, width, height } = graph.node(id)
      return { id, width, height, x: x - width / 2, y: y - height / 2 }
    }),
    edges: shown.map((edge) => {
      const source = edge.source ?? ENTRY
      const target = edge.target ?? ''
      const laid = graph.edge({ v: source, w: target, name: edgeId(edge) })
      return {
        id: edgeId(edge),
        source,
        target,
        edge: edge.edge,
        points: laid.points ?? [],
        label: { x: laid.x ?? 0, y: laid.y ?? 0 },
      }
    }),
  }
}

/** A smooth line through points: straight ends, quadratic bends at the middles. */
export function curve(points: Point[]): string {
  const [first, ...rest] = points
  const last = rest.pop()
  if (!first || !last) return ''
  let path = `M${first.x},${first.y}`
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1] ?? last
    const end = index === rest.length - 1 ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 }
    path += ` Q${point.x},${point.y} ${end.x},${end.y}`
  }
  return rest.length ? path : `${path} L${last.x},${last.y}`
}
