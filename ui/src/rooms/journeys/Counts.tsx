import { Flex, Statistic } from 'antd'
import type { components } from '@/api/schema'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { type Look, sum } from './looks'
import { Followed } from './PeopleDrawer'

/** How many entered, are under way, and have ended; with `look` each leads to its people. */
export function Counts({ wave, look }: { wave: components['schemas']['WaveBody']; look?: (look: Look) => void }) {
  const t = useSay()
  const style = { content: { fontSize: 22, fontVariantNumeric: 'tabular-nums' } }
  const shown: [string, number, Look][] = [
    [t('wave.entered'), wave.entered, { kind: 'members' }],
    [t('wave.active'), wave.active, { kind: 'members', active: true }],
    [t('wave.ended'), sum(wave.ended), { kind: 'members', active: false }],
  ]
  return (
    <Flex gap={32}>
      {shown.map(([title, count, where]) => (
        <Statistic
          key={title}
          title={title}
          value={count}
          styles={style}
          formatter={() =>
            look ? (
              <Followed count={count} name={title} follow={() => look(where)}>
                {number(count)}
              </Followed>
            ) : (
              number(count)
            )
          }
        />
      ))}
    </Flex>
  )
}
