import dayjs, { type Dayjs } from 'dayjs'
import type { components } from '@/api/schema'

export type Policy = components['schemas']['PolicyBody']
export type TaskRules = NonNullable<Policy['tasks']>
export type Part = TaskRules['rounds'][number]['part']
export type Day = components['schemas']['HolidayBody']

const DAY_SECONDS = 86_400

/** Send tasks as the form holds them: an hour per day part, spans in hours (tolerance, expiry) or minutes. */
export interface TaskDraft
  extends Pick<
    TaskRules,
    'rounds_day' | 'tasks_day' | 'task_seconds' | 'unconfirmed' | 'reminders' | 'posts_day' | 'posts_month'
  > {
  hours: Record<Part, Dayjs | null>
  tolerance: number
  expiry: number
  remind_after: number
  lead: number
}

/** The policy as the form holds it: wall-clock times and days without a zone, patience in days. */
export interface Draft {
  quiet: [Dayjs, Dayjs] | null
  quiet_days: Dayjs[]
  holidays: Policy['holidays']
  caps: { route: string; period: 'day' | 'week'; most: number }[]
  quotas: Policy['quotas']
  patience: number
  broadcast: Policy['broadcast']
  tasks: TaskDraft | undefined
}

/** Stands for "over all routes": a select cannot hold null. */
export const OVERALL = 'all'

const at = (time: string) => dayjs(`2000-01-01T${time.slice(0, 5)}`)
const HOUR = 3_600
const MINUTE = 60

function taskDraft({ rounds, tolerance_s, expiry_s, remind_after_s, lead_s, ...plain }: TaskRules): TaskDraft {
  return {
    ...plain,
    hours: Object.fromEntries(rounds.map((one) => [one.part, at(one.at)])) as TaskDraft['hours'],
    tolerance: tolerance_s / HOUR,
    expiry: expiry_s / HOUR,
    remind_after: remind_after_s / MINUTE,
    lead: lead_s / MINUTE,
  }
}

function taskRules({ hours, tolerance, expiry, remind_after, lead, ...plain }: TaskDraft, before: TaskRules) {
  return {
    ...plain,
    rounds: before.rounds.map((one) => ({ part: one.part, at: hours[one.part]?.format('HH:mm:00') ?? one.at })),
    tolerance_s: Math.round(tolerance * HOUR),
    expiry_s: Math.round(expiry * HOUR),
    remind_after_s: Math.round(remind_after * MINUTE),
    lead_s: Math.round(lead * MINUTE),
  }
}

/** The parts of a day whose hours do not follow one another: mornings, then noon, after work, evening. */
export function unordered(hours: TaskDraft['hours']): boolean {
  const minute = (part: Part) => (hours[part] ? hours[part].hour() * 60 + hours[part].minute() : 0)
  const rest = [minute('noon'), minute('after_work'), minute('evening')]
  return (['morning', 'weekend_morning'] as const).some((first) =>
    [minute(first), ...rest].some((one, place, all) => place > 0 && one <= (all[place - 1] ?? 0)),
  )
}

/** The place in the form of a field that the server names. */
export function placeOf(field: string): (string | number)[] {
  if (field === 'tasks.rounds') return ['tasks', 'hours', 'noon']
  return field.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part.replace(/_s$/, '')))
}

export function draftOf(policy: Policy): Draft {
  return {
    quiet: policy.quiet_from === policy.quiet_to ? null : [at(policy.quiet_from), at(policy.quiet_to)],
    quiet_days: policy.quiet_days.map((day) => dayjs(day)),
    holidays: policy.holidays,
    caps: policy.caps.map((cap) => ({ ...cap, route: cap.route ?? OVERALL })),
    quotas: policy.quotas,
    patience: policy.patience_s / DAY_SECONDS,
    broadcast: policy.broadcast,
    tasks: policy.tasks && taskDraft(policy.tasks),
  }
}

/** What is saved; the rules that the form does not show (windows of customer messages) stay as they were. */
export function policyOf(draft: Draft, before: Policy): Policy {
  const [from, to] = draft.quiet ?? [null, null]
  return {
    ...before,
    quiet_from: from ? from.format('HH:mm:00') : '00:00:00',
    quiet_to: to ? to.format('HH:mm:00') : '00:00:00',
    quiet_days: [...new Set(draft.quiet_days.map((day) => day.format('YYYY-MM-DD')))].sort(),
    holidays: draft.holidays,
    caps: draft.caps.map((cap) => ({
      route: cap.route === OVERALL ? null : (cap.route as Policy['caps'][number]['route']),
      period: cap.period,
      most: cap.most,
    })),
    quotas: draft.quotas,
    patience_s: Math.round(draft.patience * DAY_SECONDS),
    broadcast: draft.broadcast,
    ...(draft.tasks && before.tasks && { tasks: taskRules(draft.tasks, before.tasks) }),
  }
}

export interface Span {
  first: string
  last: string
  days: number
  kind: Day['kind']
  names: string[]
}

/** Days that follow one another for the same reason, as one line with the names of its holidays. */
export function spansOf(days: Day[]): Span[] {
  const spans: Span[] = []
  for (const one of days) {
    const last = spans.at(-1)
    if (last && last.kind === one.kind && dayjs(one.day).diff(dayjs(last.last), 'day') === 1) {
      last.last = one.day
      last.days += 1
    } else spans.push({ first: one.day, last: one.day, days: 1, kind: one.kind, names: [] })
    const names = spans.at(-1)?.names
    for (const name of one.name.split('; ').map((text) => text.replace('（补假）', '')))
      if (!BESIDE.has(name) && !names?.includes(name)) names?.push(name)
  }
  return spans
}

/** Names that say why a day is off beside a holiday, not which holiday it is. */
const BESIDE = new Set(['调休放假', '节假日相连周末', '调休上班', '春节延长假期'])

/** A second cap for the same route and period would be refused; the places of those in the list. */
export function doubled(caps: Draft['caps']): number[] {
  const seen = new Set<string>()
  return caps.flatMap((cap, place) => {
    const key = `${cap?.route}/${cap?.period}`
    if (seen.has(key)) return [place]
    seen.add(key)
    return []
  })
}
