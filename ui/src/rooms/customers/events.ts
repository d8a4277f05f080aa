import type { components } from '@/api/schema'
import type { Names } from '@/shared/lookups'
import type { Say } from '@/shared/say'

export type Event = components['schemas']['EventOut']

/** One line of the timeline: an event, or several of one act that are told together. */
export interface Told {
  key: number
  type: string
  at: string
  source: string
  events: Event[]
}

/** Pages read in one view, and fields filled at one moment, are one line. Events come newest first. */
export function gather(events: Event[]): Told[] {
  const told: Told[] = []
  for (const event of events) {
    const last = told.at(-1)
    const before = last?.events.at(-1)
    const together =
      last !== undefined &&
      before !== undefined &&
      before.type === event.type &&
      ((event.type === 'page_read' && before.props.view === event.props.view) ||
        (event.type === 'attribute_changed' && before.occurred_at === event.occurred_at))
    if (together) last.events.push(event)
    else
      told.push({ key: event.event_id, type: event.type, at: event.occurred_at, source: event.source, events: [event] })
  }
  return told
}

function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '—'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Milliseconds as people say them. */
export function spent(ms: number, say: Say): string {
  const seconds = Math.round(ms / 1000)
  return seconds < 60
    ? say('spent.seconds', { seconds })
    : say('spent.minutes', { minutes: Math.floor(seconds / 60), seconds: seconds % 60 })
}

function pages(events: Event[], names: Names, say: Say): string {
  const read = [...new Set(events.map((event) => Number(event.props.page)))].sort((a, b) => a - b)
  const first = read[0] ?? 0
  const last = read.at(-1) ?? first
  const whole = last - first + 1 === read.length && read.length > 1
  const ms = events.reduce((sum, event) => sum + Number(event.props.ms ?? 0), 0)
  return say('said.page_read', {
    content: names.content(events[0]?.content_id),
    pages: whole ? `${first}–${last}` : read.join(say('shared.comma')),
    spent: spent(ms, say),
  })
}

function changes(events: Event[], names: Names, say: Say): string {
  return events
    .map(({ props }) =>
      say(props.old === null || props.old === undefined ? 'said.attribute_set' : 'said.attribute_changed', {
        name: names.attribute(props.name),
        old: text(props.old),
        new: props.name === 'source' ? arrival(String(props.new), say) : text(props.new),
      }),
    )
    .join(say('said.and'))
}

/** "form/ebook-form" in words. */
export function arrival(path: string, say: Say): string {
  const [kind, ...code] = path.split('/')
  const word = say(`touch.${kind}`, { defaultValue: kind })
  return code.length && code[0] ? `${word} ${code.join('/')}` : word
}

/** What happened, in one sentence. Types that nobody wrote a sentence for are told by name and properties. */
export function sentence(told: Told, names: Names, reason: (code: string) => string, say: Say): string {
  const event = told.events[0]
  if (!event) return ''
  const { props } = event
  if (event.type === 'page_read') return pages(told.events, names, say)
  if (event.type === 'attribute_changed') return changes(told.events, names, say)
  const values = {
    ...props,
    account: names.account(props.account),
    content: event.content_id === null ? '' : names.content(event.content_id),
    journey: names.journey(props.journey_id),
    segment: names.segment(props.segment_id),
    tag: names.tag(props.tag_id),
    route: props.route ? say(`route.${text(props.route)}`) : '',
    reason: event.type.startsWith('delivery_')
      ? reason(text(props.reason))
      : say(`ended.${text(props.reason)}`, { defaultValue: text(props.reason) }),
    kind: say(`consent.${text(props.kind)}`, { defaultValue: text(props.kind) }),
    scene: text(props.scene),
    text: text(props.text),
    amount: typeof props.amount === 'number' ? (props.amount / 100).toFixed(2) : text(props.amount),
    source: sourceWord(text(props.source ?? event.source), names, say),
    why:
      (props.why ?? props.word) ? say('said.because', { why: cause(text(props.why ?? props.word), names, say) }) : '',
  }
  const key = `said.${event.type}`
  const known = say(key, { ...values, defaultValue: '' })
  if (known) return known
  const rest = Object.entries(props).map(([name, value]) => `${name} ${text(value)}`)
  return [say(`event.${event.type}`, { defaultValue: event.type }), ...rest].join(' · ')
}

/** Where a fact came from: "oa:1" becomes the account's name. */
export function sourceWord(source: string, names: Names, say: Say): string {
  const [kind, id] = source.split(':')
  if ((kind === 'oa' || kind === 'wecom') && id) return names.account(id)
  if (kind === 'form' && id) return say('source.form', { content: names.content(id) })
  if (kind === 'import' && id) return say('source.import', { id })
  if (kind === 'api' && id) return say('source.api', { id })
  if (kind === 'staff' && id) return names.staff(id)
  return say(`source.${kind}`, { defaultValue: source })
}

/** A reason as it was given; that of an import is written as its source. */
export function cause(why: string, names: Names, say: Say): string {
  return /^import:\d+$/.test(why) ? sourceWord(why, names, say) : why
}

/** The types that the timeline can be narrowed to, by theme. */
export const THEMES: Record<string, string[]> = {
  follow: ['followed', 'unfollowed', 'contact_added', 'contact_lost', 'qr_scanned', 'group_joined', 'group_left'],
  talk: ['message_received', 'menu_clicked'],
  read: ['content_viewed', 'page_read', 'link_clicked', 'forwarded', 'downloaded', 'web_visited'],
  form: ['form_started', 'form_submitted'],
  delivery: ['delivery_sent', 'delivery_accepted', 'delivery_received', 'delivery_failed', 'delivery_not_sent'],
  journey: ['journey_entered', 'journey_ended', 'segment_entered', 'segment_left'],
  record: ['created', 'attribute_changed', 'tag_added', 'tag_removed', 'merged', 'split', 'split_off'],
  consent: ['consent_given', 'consent_withdrawn', 'opted_out', 'opted_in', 'blacklisted', 'unblacklisted'],
  order: ['order_placed', 'order_paid', 'order_refunded', 'order_cancelled'],
}

const COLOURS: Record<string, string> = {
  follow: 'green',
  talk: 'orange',
  read: 'blue',
  form: 'purple',
  delivery: 'cyan',
  journey: 'gray',
  record: 'gray',
  consent: 'gold',
  order: 'red',
}

export function themeColour(type: string): string {
  const theme = Object.entries(THEMES).find(([, types]) => types.includes(type))?.[0]
  return COLOURS[theme ?? ''] ?? 'gray'
}
