import type { Say } from '@/shared/say'

/** How long it still takes, in words; null while nobody can know. */
export function remaining(left: number, perSecond: number, t: Say): string | null {
  if (left <= 0 || perSecond <= 0) return null
  const minutes = Math.ceil(left / perSecond / 60)
  if (minutes <= 1) return t('import.left_soon')
  if (minutes < 60) return t('import.left_minutes', { minutes })
  return t('import.left_hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 })
}
