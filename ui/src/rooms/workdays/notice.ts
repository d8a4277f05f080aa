import type { components } from '@/api/schema'

export type Day = components['schemas']['DatedDayIn']

/** What a pasted text says, or the first line that says nothing of this year. */
export type Read =
  | { days: Day[]; bad: null }
  | { days: null; bad: { line: number; text: string; why: 'bad_line' | 'other_year' } }

const DATE = /(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?/
const SPAN = new RegExp(`^${DATE.source}(?:\\s*(?:至|到|~|～|—|–|-{1,2})\\s*${DATE.source})?[\\s，,、：:]*(.*)$`)
const WORKED = /上班|worked/i
const OFF = /放假|休|off/i

/** The days of a pasted notice: a date or a span, 放假 or 上班, a name, on each line. */
export function readNotice(text: string, year: number): Read {
  const days = new Map<string, Day>()
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (!line) continue
    const bad = (why: 'bad_line' | 'other_year'): Read => ({ days: null, bad: { line: index + 1, text: line, why } })
    const found = SPAN.exec(line)
    if (!found) return bad('bad_line')
    const [, firstYear, firstMonth, firstDay, lastYear, lastMonth, lastDay, rest = ''] = found
    const mark = WORKED.test(rest) ? 'worked' : OFF.test(rest) ? 'off' : null
    const first = dateOf(firstYear ?? year, firstMonth, firstDay)
    const last = lastMonth ? dateOf(lastYear ?? firstYear ?? year, lastMonth, lastDay) : first
    if (!mark || !first || !last || last < first || (last.getTime() - first.getTime()) / DAY > 60)
      return bad('bad_line')
    const name = rest.replace(/放假|上班|休息?|worked|off|调休/gi, '').replace(/^[\s，,、：:。]+|[\s，,、：:。]+$/g, '')
    for (let at = first.getTime(); at <= last.getTime(); at += DAY) {
      const day = new Date(at).toISOString().slice(0, 10)
      if (!day.startsWith(`${year}-`)) return bad('other_year')
      days.set(day, { day, mark, name: name.slice(0, 40) })
    }
  }
  return { days: [...days.values()], bad: null }
}

const DAY = 86_400_000

function dateOf(year: string | number, month?: string, day?: string): Date | null {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const found = new Date(Date.UTC(y, m - 1, d))
  return found.getUTCMonth() === m - 1 && found.getUTCDate() === d ? found : null
}

/** The days of a month in weeks from Monday on, with blanks before the first. */
export function monthOf(year: number, month: number): (string | null)[] {
  const first = new Date(Date.UTC(year, month - 1, 1))
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  const before = (first.getUTCDay() + 6) % 7
  const days = Array.from({ length }, (_, at) => new Date(first.getTime() + at * DAY).toISOString().slice(0, 10))
  return [...Array<null>(before).fill(null), ...days]
}

export function isWeekend(day: string): boolean {
  return [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay())
}
