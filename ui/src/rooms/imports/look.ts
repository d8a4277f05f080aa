import type { components } from '@/api/schema'

export type Import = components['schemas']['ImportOut']
export type Counts = Import['counts']

export const STATE_COLOURS: Record<Import['state'], string> = {
  draft: 'gold',
  checking: 'blue',
  checked: 'gold',
  applying: 'blue',
  complete: 'green',
  taking_back: 'orange',
  taken_back: 'default',
  cancelled: 'default',
}

const MOVING = new Set<string>(['checking', 'applying', 'taking_back'])
const ENDED = new Set<string>(['complete', 'taken_back', 'cancelled'])

/** Whether something is being done right now, so that the screen looks again soon. */
export function moving(one: Import | undefined): boolean {
  return one !== undefined && MOVING.has(one.state)
}

/** After how many milliseconds the screen looks again: others may go on with the same import. */
export function lookAgain(one: Import | undefined): number | false {
  if (one === undefined || ENDED.has(one.state)) return false
  return moving(one) ? 700 : 5_000
}

/** Rows that importing would write. */
export function importable({ counts }: Import): number {
  return counts.new + counts.update + counts.merge + counts.duplicate + counts.conflict
}

export const OUTCOME_COLOURS: Record<string, string> = {
  new: 'green',
  update: 'blue',
  merge: 'cyan',
  duplicate: 'default',
  conflict: 'orange',
  error: 'red',
}

/** Colours of a bar: running, stopped by a lost connection, taking back. */
export const BAR = { running: '#1677ff', lost: '#cf1322', back: '#d46b08' }

export function percent({ progress }: Import): number {
  return progress.total ? Math.min(Math.floor((progress.done / progress.total) * 100), 100) : 0
}

/** One term of a sum, as it is written before its number. */
export interface Term {
  word: string
  count: number
  sign: '' | '−' | '+' | '=' | 'among'
}

/** Without the terms that are nothing; the first of a line and results stay. */
function told(terms: Term[]): Term[] {
  return terms.filter((term) => term.count !== 0 || term.sign === '' || term.sign === '=')
}

/** How the rows of the file become the rows that importing would write, and what they will do. */
export function forecast(one: Import): Term[][] {
  const { counts } = one
  const kinds = (['new', 'update', 'merge', 'duplicate', 'conflict'] as const).filter((name) => counts[name] > 0)
  return [
    told([
      { word: 'file', count: one.progress.total, sign: '' },
      { word: 'error', count: counts.error, sign: '−' },
      { word: 'importable', count: importable(one), sign: '=' },
    ]),
    kinds.map((name, place) => ({ word: `will_${name}`, count: counts[name], sign: place ? '+' : 'among' })),
  ]
}

/** How the rows of the file became people. */
export function outcome(one: Import): Term[][] {
  const { counts } = one
  const total = one.progress.total
  // An import that was stopped under way never came to the rest.
  const unwritten = total - counts.error - counts.refused - counts.applied
  return [
    told([
      { word: 'file', count: total, sign: '' },
      { word: 'error', count: counts.error, sign: '−' },
      { word: 'refused', count: counts.refused, sign: '−' },
      { word: 'unwritten', count: unwritten, sign: '−' },
      { word: 'applied', count: counts.applied, sign: '=' },
      { word: 'doubled', count: counts.doubled, sign: '−' },
      { word: 'people', count: counts.customers, sign: '=' },
    ]),
    [
      { word: 'created', count: counts.created, sign: 'among' },
      { word: 'known', count: counts.known, sign: '+' },
    ],
  ]
}
