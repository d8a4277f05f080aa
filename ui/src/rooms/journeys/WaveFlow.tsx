import { Background, Controls, ReactFlow } from '@xyflow/react'
import '@xyflow/react/dist/style.css'
import './wave.css'
import { useMemo } from 'react'
import { useSay } from '@/shared/say'
import { CountEdge, type CountEdgeType } from './CountEdge'
import { ENTRY, edgeId, place, shapeOf } from './layout'
import { edgeWord, type Look } from './looks'
import { StepNode, type StepNodeType } from './StepNode'
import type { Wave } from './useWave'

const nodeTypes = { step: StepNode }
const edgeTypes = { count: CountEdge }

export default function WaveFlow({
  wave,
  chosen,
  choose,
  look,
}: {
  wave: Wave
  chosen: string | null
  choose: (id: string) => void
  look: (look: Look) => void
}) {
  const t = useSay()
  const shape = shapeOf(wave)
  // biome-ignore lint/correctness/useExhaustiveDependencies: places depend on the shape alone, counts must not move them
  const placed = useMemo(() => place(wave), [shape])

  const steps = new Map(wave.nodes.map((node) => [node.id, node]))
  const counts = new Map(wave.edges.map((edge) => [edgeId(edge), edge.count]))
  const nodes: StepNodeType[] = placed.nodes.map(({ id, x, y, width, height }) => ({
    id,
    // Known sizes: without them the library hides a node until it has measured it again, at every new count.
    width,
    height,
    measured: { width, height },
    type: 'step',
    position: { x, y },
    data: {
      step: steps.get(id) ?? {
        id,
        kind: 'entry',
        title: t('wave.entry'),
        awaits: null,
        stage: null,
        here: 0,
        ended: {},
        sends: {},
      },
      entered: id === ENTRY ? wave.entered : null,
      chosen: id === chosen,
      choose: id === ENTRY ? () => look({ kind: 'members' }) : choose,
    },
  }))
  const edges: CountEdgeType[] = placed.edges.map((edge) => ({
    id: edge.id,
    type: 'count',
    source: edge.source,
    target: edge.target,
    data: {
      word: edgeWord(t, wave, edge.source === ENTRY ? null : edge.source, edge.edge),
      count: counts.get(edge.id) ?? 0,
      entered: wave.entered,
      points: edge.points,
      label: edge.label,
      look: () =>
        look({
          kind: 'edge',
          source: edge.source === ENTRY ? null : edge.source,
          edge: edge.edge,
          target: edge.target,
        }),
    },
  }))
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      nodesDraggable={false}
      nodesConnectable={false}
      nodesFocusable={false}
      edgesFocusable={false}
      elementsSelectable={false}
      // Edges may run outside of the box of the nodes: the whole drawing is brought into view, not the nodes alone.
      onInit={(flow) =>
        void flow.fitBounds({ x: 0, y: 0, width: placed.width, height: placed.height }, { padding: 0.02 })
      }
      key={shape}
      minZoom={0.3}
      maxZoom={1.25}
      zoomOnScroll={false}
      panOnScroll
      preventScrolling={false}
      proOptions={{ hideAttribution: true }}
      aria-label={t('wave.flow')}
    >
      <Background color="#d7e2dd" gap={24} />
      <Controls showInteractive={false} position="top-left" />
    </ReactFlow>
  )
}
