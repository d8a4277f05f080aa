export const STATE_COLOURS: Record<string, string> = {
  draft: 'default',
  running: 'green',
  paused: 'gold',
  stopping: 'orange',
  stopped: 'default',
}

/** One colour per family of steps. */
export const KIND_COLOURS: Record<string, string> = {
  entry: '#14302a',
  send: '#0e7a5f',
  wait: '#b7791f',
  wait_for: '#b7791f',
  branch: '#2b6cb0',
  split: '#2b6cb0',
  set_tag: '#6b46c1',
  set_attribute: '#6b46c1',
  webhook: '#4a5568',
  goto: '#4a5568',
  exit: '#718096',
}

export function kindColour(kind: string): string {
  return KIND_COLOURS[kind] ?? '#6b46c1'
}

const OUT = new Set(['sent', 'accepted', 'received'])
const OPEN = new Set(['waiting', 'ready', 'gathered', 'planned', 'claimed', 'handed'])

/** What became of a step's requests, in three heaps. */
export function heaps(sends: Record<string, number>): { out: number; open: number; not: number } {
  const sum = { out: 0, open: 0, not: 0 }
  for (const [key, count] of Object.entries(sends)) {
    const state = key.split(':')[0] ?? ''
    sum[OUT.has(state) ? 'out' : OPEN.has(state) ? 'open' : 'not'] += count
  }
  return sum
}
