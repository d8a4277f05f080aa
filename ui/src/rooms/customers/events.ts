import type { components } from '@/api/schema'
import type { Names } from '@/shared/lookups'
import { number } from '@/shared/number'
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
  if (seconds < 60) return say('spent.seconds', { seconds })
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  return rest ? say('spent.minutes', { minutes, seconds: rest }) : say('spent.whole', { minutes })
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
        old: names.value(props.name, props.old),
        new: props.name === 'source' ? arrival(String(props.new), say) : names.value(props.name, props.new),
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
  const moved = event.type === 'stage_moved'
  const given = props.why ?? props.word
  const why = moved ? moving(props, names, say) : given ? cause(text(given), names, say) : ''
  const values = {
    ...props,
    account: names.account(props.account),
    content: event.content_id === null ? '' : names.content(event.content_id),
    // A message that is no piece of the library is named by who asked for it.
    what:
      event.content_id === null
        ? say('said.words', { of: sourceWord(text(props.origin), names, say) })
        : say('said.piece', { content: names.content(event.content_id) }),
    journey: names.journey(props.journey_id),
    segment: names.segment(props.segment_id),
    tag: names.tag(props.tag_id),
    staff: names.contact(props.staff),
    from: moved ? names.stage(props.journey_id, props.from) : names.level(props.from),
    to: moved ? names.stage(props.journey_id, props.to) : names.level(props.to),
    route: props.route ? say(`route.${text(props.route)}`) : '',
    reason: event.type.startsWith('delivery_')
      ? reason(text(props.reason))
      : endingWord(props.journey_id, text(props.reason), names, say),
    kind: say(`consent.${text(props.kind)}`, { defaultValue: text(props.kind) }),
    member: typeof props.staff_id === 'number' ? names.staff(String(props.staff_id)) : say('task.nobody'),
    // What is about a task names its kind; a task's own number says nothing to anybody.
    task: say(`task.${text(props.kind)}`, { defaultValue: text(props.kind) }),
    scene: text(props.scene),
    text: text(props.text),
    amount: typeof props.amount === 'number' ? number(props.amount / 100, 2) : text(props.amount),
    source: sourceWord(text(props.source ?? event.source), names, say),
    why: why ? say('said.because', { why }) : '',
  }
  const key = `said.${event.type}`
  const known = say(key, { ...values, defaultValue: '' })
  if (known) return known
  const rest = Object.entries(props).map(([name, value]) => `${name} ${text(value)}`)
  return [say(`event.${event.type}`, { defaultValue: event.type }), ...rest].join(' · ')
}

/** Why a journey ended: by its own words for goals and rules. */
export function endingWord(journey: unknown, reason: string, names: Names, say: Say): string {
  if (reason.startsWith('goal:')) return say('ended.goal_named', { name: names.rule(journey, reason) })
  return say(`ended.${reason}`, { defaultValue: names.rule(journey, `end:${reason}`) })
}

/** Why somebody stands in another stage: the rule, or who moved them and what they gave as reason. */
function moving(props: Event['props'], names: Names, say: Say): string {
  if (props.why !== 'by_hand') return names.rule(props.journey_id, `move:${text(props.why)}`)
  const who = say('cause.moved_by', { who: sourceWord(text(props.by), names, say) })
  return props.note ? who + say('shared.colon') + text(props.note) : who
}

/** Where a fact came from: "oa:1" becomes the account's name. */
export function sourceWord(source: string, names: Names, say: Say): string {
  const [kind, id] = source.split(':')
  if ((kind === 'oa' || kind === 'wecom') && id) return names.account(id)
  if (kind === 'form' && id) return say('source.form', { content: names.content(id) })
  if (kind === 'import' && id) return say('source.import', { id })
  if (kind === 'api' && id) return say('source.api', { id })
  if (kind === 'staff' && id) return names.staff(id)
  if (kind === 'tag' && id) return say('source.tag', { tag: names.tag(id) })
  if (kind === 'channel' && id) return say('source.channel', { channel: names.channel(id) })
  if (kind === 'segment' && id) return say('source.segment', { segment: names.segment(id) })
  if (kind === 'journey' && id) return say('source.journey', { journey: names.journey(id.split('/')[0]) })
  return say(`source.${kind}`, { defaultValue: source })
}

/** A reason as it was given; that of an import or a journey is written as its source. */
export function cause(why: string, names: Names, say: Say): string {
  const hand = /^(staff:\d+): (.+)$/.exec(why)
  if (hand?.[1]) return sourceWord(hand[1], names, say) + say('shared.colon') + hand[2]
  if (why === 'time' || why === 'merged' || why === 'ladder') return say(`cause.${why}`)
  if (why === 'expired') return say('cause.expired')
  if (why === 'tag deleted') return say('cause.deleted')
  return /^((import|segment|tag|oa|wecom):\d+|journey:[^/]+\/.+)$/.test(why) ? sourceWord(why, names, say) : why
}

/** The types that the timeline can be narrowed to, by theme. */
export const THEMES: Record<string, string[]> = {
  follow: [
    'followed',
    'unfollowed',
    'contact_added',
    'contact_lost',
    'qr_scanned',
    'group_joined',
    'group_left',
    'channel_arrived',
  ],
  talk: [
    'message_received',
    'staff_message',
    'group_message',
    'chat_started',
    'kf_entered',
    'menu_clicked',
    'reply_marked',
  ],
  read: ['content_viewed', 'page_read', 'link_clicked', 'forwarded', 'downloaded', 'web_visited'],
  form: ['form_started', 'form_submitted'],
  delivery: ['delivery_sent', 'delivery_accepted', 'delivery_received', 'delivery_failed', 'delivery_not_sent'],
  journey: ['journey_entered', 'stage_moved', 'journey_ended', 'segment_entered', 'segment_left'],
  record: [
    'created',
    'attribute_changed',
    'tag_added',
    'tag_removed',
    'merged',
    'split',
    'split_off',
    'imported',
    'import_withdrawn',
    'lifecycle_changed',
  ],
  consent: [
    'consent_given',
    'consent_withdrawn',
    'authorization_revoked',
    'opted_out',
    'opted_in',
    'blacklisted',
    'unblacklisted',
  ],
  order: ['order_placed', 'order_paid', 'order_refunded', 'order_cancelled'],
  task: ['task_added', 'task_given', 'task_done', 'task_replied', 'task_handed_back', 'task_expired', 'task_cancelled'],
}

// Values, not names: the library draws its "blue" in the primary colour, which is the green of follows.
const COLOURS: Record<string, string> = {
  follow: '#0e7a5f',
  talk: '#d9480f',
  read: '#2b6cb0',
  form: '#6b46c1',
  delivery: '#0b7285',
  journey: '#868e96',
  record: '#868e96',
  consent: '#b7791f',
  order: '#c92a2a',
  task: '#5c3d2e',
}

export function themeColour(type: string): string {
  const theme = Object.entries(THEMES).find(([, types]) => types.includes(type))?.[0]
  return COLOURS[theme ?? ''] ?? '#868e96'
}
