import type { Say } from '@/shared/say'

const KNOWN = new Set([
  ...['nobody_serves', 'groups_full', 'code_lost'],
  ...['40003', '41041', '41045', '48002', '95000', '-100', '-103', '-104'],
])

/** Why a code is not as it should be, in words; of a refusal that nobody wrote words for, the platform's number. */
export function problem(given: string, t: Say): string {
  const code = given.split(' ')[0] ?? ''
  return KNOWN.has(code) ? t(`channels.problem.${code}`) : t('channels.problem.refused', { code })
}
