import type { components } from '@/api/schema'

export type Team = components['schemas']['TeamDayBody']
export type Member = components['schemas']['TeamMember']

const COUNTS = ['planned', 'waiting', 'confirmed', 'expired', 'people', 'received', 'seconds_left'] as const

/** The team's day: what its members' days add up to. */
export function totals(members: Member[]): Record<(typeof COUNTS)[number], number> {
  const sum = (name: (typeof COUNTS)[number]) => members.reduce((all, one) => all + one[name], 0)
  return Object.fromEntries(COUNTS.map((name) => [name, sum(name)])) as ReturnType<typeof totals>
}

/** Seconds as whole minutes that are never too few. */
export function minutes(seconds: number): number {
  return Math.ceil(seconds / 60)
}
