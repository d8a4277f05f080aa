const COLOURS: Record<string, string> = {
  sent: 'green',
  accepted: 'green',
  received: 'green',
  failed: 'red',
  not_sent: 'default',
  waiting: 'gold',
  ready: 'blue',
  gathered: 'blue',
  planned: 'blue',
  handed: 'blue',
  claimed: 'blue',
}

export function sendColour(state: string): string {
  return COLOURS[state] ?? 'default'
}
