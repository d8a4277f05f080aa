import './wave.css'
import { Tag } from 'antd'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { kindColour } from './look'
import { edgeWord, sum, titleOf } from './looks'
import { StepIcon } from './StepNode'
import type { Wave } from './useWave'

/** The wave on a narrow screen: one card per step with the streams that leave it. */
export function StepList({ wave, choose }: { wave: Wave; choose: (id: string) => void }) {
  const t = useSay()
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
                  {edgeWord(t, wave, step.id, edge.edge)} → {titleOf(wave, edge.target ?? '')}{' '}
                  <b>{number(edge.count)}</b>
                </Tag>
              ))}
            {step.kind === 'exit' && t('wave.ended_here', { count: sum(step.ended) })}
          </span>
          {step.here > 0 && <span className="wave-here">{number(step.here)}</span>}
        </button>
      ))}
    </div>
  )
}
