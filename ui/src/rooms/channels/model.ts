import type { components } from '@/api/schema'

export type Channel = components['schemas']['ChannelBody']
export type Definition = components['schemas']['ChannelDefinition']
export type Kind = Channel['kind']
export type Listed = components['schemas']['ListedChannelBody']
export type Figures = components['schemas']['ChannelFiguresBody']
export type Rotation = components['schemas']['Rotation']
export type Shift = components['schemas']['Shift']
export type Serving = components['schemas']['ServingBody']

/** In the order in which they are offered. */
export const KINDS: Kind[] = ['wecom_live_code', 'oa_qr', 'group_live_code', 'link', 'acquisition_link', 'kf_link']
export const ROTATED: ReadonlySet<Kind> = new Set<Kind>(['wecom_live_code', 'acquisition_link'])
export const DAYS = ['workday', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

export const OFFICE: Shift = { days: ['workday'], start: '09:00', until: '18:00' }

/** A definition to begin with. */
export function blank(kind: Kind): Definition {
  const parts = { name: '', hook: '', tags: [], chats: [], chat_limit: 200, room_base_name: '', target: '' }
  const rest = { utm_medium: '', utm_campaign: '', open_kfid: '', skip_verify: true }
  return { ...parts, ...rest, rotation: ROTATED.has(kind) ? { members: [], fallback: [] } : null }
}

/** The people whom a figure counts, as a condition: first came by one of these channels within local days. */
export function whoCame(states: string[], from: string, to: string, levels?: string[]): Record<string, unknown> {
  const came = { kind: 'channel', channel: states, from, to }
  return levels ? { all: [came, { kind: 'lifecycle', level: levels }] } : came
}

export interface HookRow {
  hook: string
  channels: number
  states: string[]
  figures: Figures
}

/** Channels with the same hook together; who is dearest per lead comes last, without costs by people. */
export function byHook(items: Listed[]): HookRow[] {
  const rows = new Map<string, HookRow>()
  for (const { channel, figures } of items) {
    const hook = channel.definition.hook
    const none: Figures = { arrivals: 0, people: 0, leads: 0, cost: 0, cost_per_person: null, cost_per_lead: null }
    const row = rows.get(hook) ?? { hook, channels: 0, states: [], figures: none }
    const sum = {
      arrivals: row.figures.arrivals + figures.arrivals,
      people: row.figures.people + figures.people,
      leads: row.figures.leads + figures.leads,
      cost: row.figures.cost + figures.cost,
    }
    const per = (count: number) => (count && sum.cost ? Math.round(sum.cost / count) : null)
    rows.set(hook, {
      hook,
      channels: row.channels + 1,
      states: [...row.states, channel.state],
      figures: { ...sum, cost_per_person: per(sum.people), cost_per_lead: per(sum.leads) },
    })
  }
  const dear = (row: HookRow) => row.figures.cost_per_lead ?? Number.POSITIVE_INFINITY
  return [...rows.values()].sort((a, b) => dear(a) - dear(b) || b.figures.people - a.figures.people)
}

/** A definition as the server takes it: without parts of other kinds. */
export function clean(definition: Definition, kind: Kind): Definition {
  const base = blank(kind)
  const kept = { ...base, name: definition.name.trim(), hook: (definition.hook ?? '').trim() }
  const tags = definition.tags ?? []
  if (kind === 'link') {
    const { target, utm_medium, utm_campaign } = definition
    return { ...kept, tags, target: target.trim(), utm_medium: utm_medium ?? '', utm_campaign: utm_campaign ?? '' }
  }
  if (kind === 'group_live_code') {
    const { chats, chat_limit, room_base_name } = definition
    return { ...kept, tags, chats, chat_limit: chat_limit ?? 200, room_base_name: room_base_name ?? '' }
  }
  if (kind === 'kf_link') return { ...kept, tags, open_kfid: definition.open_kfid }
  if (ROTATED.has(kind)) {
    return { ...kept, tags, skip_verify: definition.skip_verify ?? true, rotation: turns(definition.rotation) }
  }
  return { ...kept, tags }
}

/** A rotation without what is still empty in the form. */
export function turns(given: Rotation | null | undefined): Rotation {
  const members = (given?.members ?? []).filter((one) => one?.staff_id)
  return {
    members: members.map((one) => ({
      staff_id: one.staff_id,
      weight: one.weight ?? 1,
      daily_limit: one.daily_limit ?? null,
      shifts: (one.shifts ?? []).filter((shift) => shift?.days?.length && shift.start && shift.until),
      paused: one.paused ?? false,
    })),
    fallback: given?.fallback ?? [],
  }
}
