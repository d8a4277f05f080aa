import {
  BranchesOutlined,
  ClockCircleOutlined,
  FlagOutlined,
  HourglassOutlined,
  LoginOutlined,
  PercentageOutlined,
  SendOutlined,
  TagOutlined,
} from '@ant-design/icons'
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import type { ReactNode } from 'react'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { heaps, kindColour } from './look'
import { sum } from './looks'
import type { Wave } from './useWave'

export type Step = Wave['nodes'][number]
export type StepNodeType = Node<
  { step: Step; entered: number | null; chosen: boolean; choose: (id: string) => void },
  'step'
>

const ICONS: Record<string, ReactNode> = {
  entry: <LoginOutlined />,
  send: <SendOutlined />,
  wait: <ClockCircleOutlined />,
  wait_for: <HourglassOutlined />,
  branch: <BranchesOutlined />,
  split: <PercentageOutlined />,
  exit: <FlagOutlined />,
}

export function StepIcon({ kind }: { kind: string }) {
  return <span style={{ color: kindColour(kind) }}>{ICONS[kind] ?? <TagOutlined />}</span>
}

export function StepNode({ data }: NodeProps<StepNodeType>) {
  const t = useSay()
  const { step, entered, chosen, choose } = data
  const sent = heaps(step.sends)
  const line =
    entered !== null
      ? t('wave.entered_count', { count: entered })
      : step.kind === 'send'
        ? [
            t('wave.sent', { count: sent.out }),
            sent.open ? t('wave.open', { count: sent.open }) : '',
            sent.not ? t('wave.not', { count: sent.not }) : '',
          ]
            .filter(Boolean)
            .join(' · ')
        : step.kind === 'exit'
          ? t('wave.ended_here', { count: sum(step.ended) })
          : t(`kind.${step.kind}`, { defaultValue: step.kind })
  return (
    <>
      <Handle type="target" position={Position.Top} className="wave-handle" />
      <button
        type="button"
        className={`wave-step wave-${step.kind === 'exit' ? 'exit' : entered !== null ? 'entry' : 'full'} nopan`}
        style={{ borderInlineStartColor: kindColour(step.kind) }}
        data-chosen={chosen}
        data-step={step.id}
        onClick={() => choose(step.id)}
      >
        <span className="wave-title">
          <StepIcon kind={step.kind} /> {step.title || step.id}
        </span>
        <span className="wave-line">{line}</span>
        {step.here > 0 && (
          <span className="wave-here" key={step.here} title={t('wave.here', { count: step.here })}>
            {number(step.here)}
          </span>
        )}
      </button>
      <Handle type="source" position={Position.Bottom} className="wave-handle" />
    </>
  )
}
