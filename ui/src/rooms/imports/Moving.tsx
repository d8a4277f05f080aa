import { Alert, Progress, Typography } from 'antd'
import { useEffect, useState } from 'react'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { BAR, type Import, percent } from './look'
import { remaining } from './remaining'

/** So long nothing may move, in milliseconds, before a person is told. */
const STILL = 20_000

/** How far the work is: rows, speed and the time that is left; it goes on without this page. */
export function Moving({ one, lost }: { one: Import; lost: boolean }) {
  const t = useSay()
  const still = useStill(`${one.state}:${one.progress.done}`)
  const { done, total, per_second } = one.progress
  const back = one.state === 'taking_back'
  const facts = [
    // How many people that will be is known when the first of them are done.
    !(back && done === 0) && t(back ? 'import.of_people' : 'import.of', { done, total }),
    per_second > 0 && !lost && t(back ? 'import.speed_people' : 'import.speed', { speed: speed(per_second) }),
    !lost && done > 0 && remaining(total - done, per_second, t),
  ].filter(Boolean)
  return (
    <div role="status" aria-live="polite" style={{ marginBottom: 16 }}>
      <Typography.Title level={5} style={{ margin: 0 }}>
        {t(`import.${one.state}`)}
      </Typography.Title>
      <Progress
        aria-label={t(`import.${one.state}`)}
        percent={percent(one)}
        status={lost ? 'exception' : 'active'}
        strokeColor={lost ? BAR.lost : back ? BAR.back : BAR.running}
      />
      <Typography.Paragraph style={{ marginBottom: 4 }}>{facts.join(' · ')}</Typography.Paragraph>
      {lost ? (
        <Alert type="error" showIcon title={t('import.lost')} />
      ) : still ? (
        <Alert type="warning" showIcon title={t('import.still')} />
      ) : (
        <Typography.Text type="secondary">{t('import.leave')}</Typography.Text>
      )}
    </div>
  )
}

function speed(perSecond: number): string {
  return number(perSecond < 10 ? perSecond : Math.round(perSecond))
}

/** Whether what is watched has not changed for a while. */
function useStill(watched: string): boolean {
  const [still, setStill] = useState<string | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => setStill(watched), STILL)
    return () => clearTimeout(timer)
  }, [watched])
  return still === watched
}
