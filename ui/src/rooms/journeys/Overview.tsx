import { Flex, Typography } from 'antd'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { StepIcon } from './StepNode'
import type { Wave } from './useWave'

/** Where people stand now, fullest step first; shown until a step is chosen. */
export function Overview({ wave, choose }: { wave: Wave; choose: (id: string) => void }) {
  const t = useSay()
  const full = wave.nodes.filter((step) => step.here > 0).sort((a, b) => b.here - a.here)
  const most = Math.max(1, ...full.map((step) => step.here))
  return (
    <Flex vertical gap={8}>
      <Typography.Text strong style={{ fontSize: 16 }}>
        {t('wave.standing')}
      </Typography.Text>
      {full.map((step) => (
        <button type="button" key={step.id} className="wave-standing" onClick={() => choose(step.id)}>
          <Flex justify="space-between" gap={8}>
            <span>
              <StepIcon kind={step.kind} /> {step.title || step.id}
            </span>
            <b>{number(step.here)}</b>
          </Flex>
          <span className="wave-bar" style={{ width: `${(step.here / most) * 100}%` }} />
        </button>
      ))}
      <Typography.Text type="secondary">{t('wave.choose')}</Typography.Text>
    </Flex>
  )
}
