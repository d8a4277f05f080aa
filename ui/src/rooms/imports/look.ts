import type { components } from '@/api/schema'

export type Import = components['schemas']['ImportOut']

export const STATE_COLOURS: Record<Import['state'], string> = {
  draft: 'gold',
  checking: 'blue',
  checked: 'gold',
  applying: 'blue',
  complete: 'green',
  taking_back: 'orange',
  cancelled: 'default',
}

const MOVING = new Set<string>(['checking', 'applying', 'taking_back'])

/** Whether something is being done right now, so that the screen looks again soon. */
export function moving(one: Import | undefined): boolean {
  return one !== undefined && MOVING.has(one.state)
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
