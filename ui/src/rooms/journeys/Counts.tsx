import { Flex, Statistic } from 'antd'
import type { components } from '@/api/schema'
import { useSay } from '@/shared/say'

/** How many entered, are under way, and have ended. */
export function Counts({ wave }: { wave: components['schemas']['WaveBody'] }) {
  const t = useSay()
  const ended = Object.values(wave.ended).reduce((sum, one) => sum + one, 0)
  const style = { content: { fontSize: 22, fontVariantNumeric: 'tabular-nums' } }
  return (
    <Flex gap={32}>
      <Statistic title={t('wave.entered')} value={wave.entered} styles={style} />
      <Statistic title={t('wave.active')} value={wave.active} styles={style} />
      <Statistic title={t('wave.ended')} value={ended} styles={style} />
    </Flex>
  )
}
