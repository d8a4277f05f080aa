import './wave.css'
import { Tag } from 'antd'
import { useSay } from '@/shared/say'
import { kindColour } from './look'
import { StepIcon } from './StepNode'
import type { Wave } from './useWave'

/** The wave on a narrow screen: one card per step with the streams that leave it. */
export function StepList({ wave, choose }: { wave: Wave; choose: (id: string) => void }) {
  const t = useSay()
  const titles = new Map(wave.nodes.map((node) => [node.id, node.title || node.id]))
  return (
    <div className="wave-list">
      {wave.nodes.map((step) => (
        <button
          type="button"
          key={step.id}
          className="wave-step"
          style={{ borderInlineStartColor: kindColour(step.kind) }}
          onClick={() => choose(step.id)}
        >
          <span className="wave-title">
            <StepIcon kind={step.kind} /> {step.title || step.id}
          </span>
          <span>
            {wave.edges
              .filter((edge) => edge.source === step.id && edge.target !== null)
              .map((edge) => (
                <Tag key={edge.edge} color={edge.count ? 'green' : 'default'} style={{ marginBottom: 4 }}>
                  {t(`edge.${edge.edge}`, { defaultValue: edge.edge })} → {titles.get(edge.target ?? '')}{' '}
                  <b>{edge.count}</b>
                </Tag>
              ))}
          </span>
          {step.here > 0 && <span className="wave-here">{step.here}</span>}
        </button>
      ))}
    </div>
  )
}
