import type { components } from '@/api/schema'

export type Desk = components['schemas']['DeskBody']
export type DeskTask = components['schemas']['DeskTask']

/** What the day asks of the salesperson: tasks to confirm and those of later rounds, confirmed ones, minutes left. */
export function sums(desk: Desk): {
  waiting: number
  later: number
  confirmed: number
  total: number
  minutes: number
} {
  const count = (states: DeskTask['state'][]) => desk.tasks.filter((task) => states.includes(task.state)).length
  const confirmed = count(['confirmed', 'done'])
  const waiting = count(['open', 'handing'])
  const later = count(['planned'])
  return { waiting, later, confirmed, total: waiting + later + confirmed, minutes: Math.ceil(desk.seconds_left / 60) }
}

/** What stands in the assistant first, the oldest above; then what comes, then what is over, the latest above. */
export function ordered(tasks: DeskTask[]): DeskTask[] {
  const heap = (task: DeskTask) => (['open', 'handing'].includes(task.state) ? 0 : task.state === 'planned' ? 1 : 2)
  return [...tasks].sort(
    (one, other) =>
      heap(one) - heap(other) || (heap(one) === 2 ? other.at.localeCompare(one.at) : one.at.localeCompare(other.at)),
  )
}

type Person = components['schemas']['TaskPersonBody']
export type Fate = Person['fate']

/** The fates that somebody of a task has, in the order in which they concern the reader. */
const FATES: Fate[] = [
  'planned',
  'handing',
  'waiting',
  'received',
  'failed',
  'not_handed',
  'expired',
  'unknown',
  'withdrawn',
  'moved',
]

export function present(counts: Partial<Record<Fate, number>>): { fate: Fate; people: number }[] {
  return FATES.flatMap((fate) => (counts[fate] ? [{ fate, people: counts[fate] }] : []))
}

/** Why this became of somebody, where the fate alone does not say it: reasons by their codes. */
export function grounds(person: Pick<Person, 'fate' | 'reason' | 'detail'>): string[] {
  const plain = ['planned', 'handed', 'now', 'posted', 'not_confirmed', 'cancelled', 'uncertain', 'asked']
  return [...(plain.includes(person.reason) ? [] : [person.reason]), ...(person.detail ? [person.detail] : [])]
}

/** A span of time in whole minutes and hours; empty once it is over. */
export function span(from: string, to: string): { hours: number; minutes: number } | null {
  const minutes = Math.ceil((Date.parse(to) - Date.parse(from)) / 60_000)
  return minutes > 0 ? { hours: Math.floor(minutes / 60), minutes: minutes % 60 } : null
}
