import { Button, Drawer, Flex, Grid, Typography } from 'antd'
import type { ReactNode } from 'react'
import { useReason } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { counted, type Look, lookWord } from './looks'
import type { Moving } from './MoveDialog'
import { PeopleList } from './PeopleList'
import type { Wave } from './useWave'

/** The people behind a count. */
export function PeopleDrawer({
  wave,
  look,
  close,
  move,
}: {
  wave: Wave
  look: Look | null
  close: () => void
  move: ((moving: Moving) => void) | null
}) {
  const t = useSay()
  const reason = useReason()
  const wide = Grid.useBreakpoint().md ?? true
  return (
    <Drawer
      open={look !== null}
      onClose={close}
      placement={wide ? 'right' : 'bottom'}
      size={wide ? 480 : 'large'}
      title={look && lookWord(t, wave, look, reason)}
      destroyOnHidden
    >
      {look && (
        <Flex vertical gap={12}>
          <Typography.Text strong style={{ fontSize: 16 }} data-testid="counted">
            {t('shared.people', { count: counted(wave, look) })}
          </Typography.Text>
          <PeopleList key={JSON.stringify(look)} wave={wave} look={look} move={move} />
        </Flex>
      )}
    </Drawer>
  )
}

/** A count that leads to its people; nobody is nowhere to go. */
export function Followed({
  count,
  name,
  follow,
  children,
}: {
  count: number
  name: string
  follow: () => void
  children: ReactNode
}) {
  const t = useSay()
  if (count === 0) return <>{children}</>
  const label = t('look.follow', { name })
  return (
    <Button
      type="link"
      className="wave-followed"
      onClick={follow}
      title={label}
      aria-label={`${label} ${number(count)}`}
    >
      {children}
    </Button>
  )
}
