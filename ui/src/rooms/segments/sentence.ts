import { type Names, useNames } from '@/shared/lookups'
import { type Say, useSay } from '@/shared/say'
import { when } from '@/shared/when'
import type { Leaf, Node } from './model'

export interface Speech {
  say: Say
  names: Names
}

export function useSpeech(): Speech {
  const t = useSay()
  return { say: t, names: useNames() }
}

export function toLeaf(kind: string, params: Record<string, unknown>): Leaf {
  return { ...params, kind }
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

/** "12h" as people say it. */
export function span(text: unknown, say: Say): string {
  const found = /^(\d+)([mhdw])$/.exec(String(text ?? ''))
  return found ? say(`unit.${found[2]}`, { n: found[1] }) : '…'
}

const SIGNS = ['eq', 'ge', 'gt', 'le', 'lt'] as const

/** A range such as {"ge": 3}; `scale` turns 分 into 元. */
export function range(value: unknown, say: Say, scale = 1): string {
  const given = (typeof value === 'number' ? { eq: value } : (value ?? {})) as Record<string, number | undefined | null>
  return SIGNS.filter((sign) => given[sign] !== undefined && given[sign] !== null)
    .map((sign) => say(`range.${sign}`, { n: (given[sign] ?? 0) / scale }))
    .join(say('said.join'))
}

function window(leaf: Record<string, unknown>, say: Say): string {
  if (leaf.within) return say('window.within', { span: span(leaf.within, say) })
  if (leaf.period) return say(`period.${String(leaf.period)}`)
  if (leaf.since === 'entered') return say('window.entered')
  if (leaf.from || leaf.to) {
    const bound = (value: unknown) => (value ? when(String(value)) : '…')
    return say('window.between', { from: bound(leaf.from), to: bound(leaf.to) })
  }
  return ''
}

function operand(value: unknown, say: Say): string {
  if (typeof value === 'object' && value !== null) {
    const { ago, ahead } = value as { ago?: string; ahead?: string }
    return ago ? say('value.ago', { span: span(ago, say) }) : say('value.ahead', { span: span(ahead, say) })
  }
  if (typeof value === 'boolean') return say(value ? 'value.true' : 'value.false')
  return String(value ?? '…')
}

/** Which events a matcher means: types, contents and tests of properties. */
export function matcher(given: Record<string, unknown>, { say, names }: Speech): string {
  const types = listed(given.type)
    .map((type) => say(`event.${String(type)}`, { defaultValue: String(type) }))
    .join(say('said.or'))
  const contents = listed(given.content).map((id) => say('said.content', { content: names.content(id) }))
  const where = Object.entries((given.where ?? {}) as Record<string, unknown>).map(([name, test]) => {
    const property = say(`property.${name}`, { defaultValue: name })
    if (typeof test !== 'object' || test === null) return say('op.eq', { name: property, value: operand(test, say) })
    return Object.entries(test)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([op, value]) =>
        say(`op.${op}`, {
          name: property,
          value: listed(value)
            .map((one) => operand(one, say))
            .join(say('shared.comma')),
        }),
      )
      .join(say('said.join'))
  })
  const detail = where.length ? say('said.where', { where: where.join(say('said.join')) }) : ''
  return `${types || '…'}${contents.join(say('shared.comma'))}${detail}`
}

/** One leaf as a sentence. */
export function leafSentence(leaf: Leaf, speech: Speech): string {
  const { say, names } = speech
  switch (leaf.kind) {
    case 'tag': {
      const tags = listed(leaf.tag).map((tag) => (typeof tag === 'number' ? names.tag(tag) : String(tag)))
      const word = tags.length > 1 ? (leaf.match === 'all' ? 'leaf.tag_all' : 'leaf.tag_any') : 'leaf.tag'
      return say(word, { tags: tags.join(say('shared.comma')) || '…' })
    }
    case 'attribute': {
      const name = leaf.name ? names.attribute(leaf.name) : '…'
      if (leaf.op === 'period') return say('op.period', { name, value: say(`period.${String(leaf.value)}`) })
      const values = listed(leaf.value).map((one) =>
        typeof one === 'object' ? operand(one, say) : names.value(leaf.name, one),
      )
      if (leaf.op === 'between') return say('op.between', { name, from: values[0] ?? '…', to: values[1] ?? '…' })
      return say(`op.${String(leaf.op)}`, { name, value: values.join(say('shared.comma')) || '…' })
    }
    case 'event': {
      const time = window(leaf, say)
      const count = (leaf.count ?? { ge: 1 }) as Record<string, unknown> | number
      const none = count === 0 || (typeof count === 'object' && count.eq === 0)
      const what = matcher(leaf, speech)
      return say(none ? 'leaf.event_none' : 'leaf.event', { time, what, count: range(count, say) })
    }
    case 'sequence': {
      const first = (leaf.first ?? {}) as Record<string, unknown>
      const then = (leaf.then ?? leaf.then_not ?? {}) as Record<string, unknown>
      return say(leaf.then_not ? 'leaf.sequence_not' : 'leaf.sequence', {
        time: window(first, say),
        first: matcher(first, speech),
        second: matcher(then, speech),
        span: span(leaf.within, say),
      })
    }
    case 'segment':
      return say('leaf.segment', {
        segment: typeof leaf.segment === 'number' ? names.segment(leaf.segment) : String(leaf.segment ?? '…'),
      })
    case 'source': {
      const via = listed(leaf.via).map((one) => say(`touch.${String(one)}`, { defaultValue: String(one) }))
      return say(leaf.touch === 'latest' ? 'leaf.source_latest' : 'leaf.source_first', {
        via: via.join(say('said.or')) || say('leaf.any_way'),
        code: listed(leaf.code).length ? ` ${listed(leaf.code).join(say('shared.comma'))}` : '',
        time: window(leaf, say),
      })
    }
    case 'account': {
      const word = leaf.following !== false ? 'leaf.account' : leaf.lost ? 'leaf.account_lost' : 'leaf.account_not'
      return leaf.account_id ? say(word, { account: names.account(leaf.account_id) }) : say(`${word}_any`)
    }
    case 'follow':
      return listed(leaf.staff).length
        ? say('leaf.follow', { staff: listed(leaf.staff).map(names.contact).join(say('said.or')) })
        : say('leaf.followed')
    case 'pushes':
      return say(leaf.wanted === false ? 'leaf.opted_out' : 'leaf.pushes')
    case 'owner':
      return listed(leaf.staff).length
        ? say('leaf.owner', {
            staff: listed(leaf.staff)
              .map((one) => (typeof one === 'number' ? names.staff(one) : String(one)))
              .join(say('shared.comma')),
          })
        : say('leaf.owned')
    case 'score':
      return say('leaf.score', { range: range(leaf, say) })
    case 'lifecycle':
      return say('leaf.lifecycle', { levels: listed(leaf.level).map(names.level).join(say('said.or')) })
    case 'date':
      return dateSentence(leaf, speech)
    case 'order': {
      const parts = [
        leaf.count ? say('leaf.order_count', { range: range(leaf.count, say) }) : '',
        leaf.amount ? say('leaf.order_amount', { range: range(leaf.amount, say, 100) }) : '',
        leaf.last_before ? say('leaf.order_before', { span: span(leaf.last_before, say) }) : '',
      ].filter(Boolean)
      const status = listed(leaf.status ?? ['paid']).map((one) => say(`order.${String(one)}`))
      return say('leaf.order', {
        time: window(leaf, say),
        status: status.join(say('said.or')),
        parts: parts.join(say('said.join')) || say('leaf.order_some'),
      })
    }
    case 'channel': {
      const window_ = window(leaf, say)
      const channels = listed(leaf.channel).map((one) => (typeof one === 'number' ? names.channel(one) : String(one)))
      return say(leaf.touch === 'latest' ? 'leaf.channel_latest' : 'leaf.channel', {
        channels: channels.join(say('shared.comma')) || say('leaf.channel_any'),
        when: window_ && say('said.where', { where: window_.trim() }),
      })
    }
    case 'stage': {
      const journey = leaf.journey === undefined ? '…' : names.journey(leaf.journey)
      const stages = listed(leaf.stage).map((one) => names.stage(leaf.journey, one))
      return say(stages.length ? 'leaf.stage' : 'leaf.stage_any', { journey, stages: stages.join(say('said.or')) })
    }
    default:
      return JSON.stringify(leaf)
  }
}

function dateSentence(leaf: Leaf, { say, names }: Speech): string {
  const name = names.attribute(leaf.name ?? 'birthday')
  if (leaf.today) return say('leaf.date_today', { name })
  if (leaf.month === 'current') return say('leaf.date_this_month', { name })
  if (leaf.month) return say('leaf.date_month', { name, months: listed(leaf.month).join(say('shared.comma')) })
  if (leaf.age) return say('leaf.date_age', { name, range: range(leaf.age, say) })
  return say('leaf.date_until', { name, range: range(leaf.days_until, say) })
}

/** A whole condition as one sentence. */
export function conditionSentence(node: Node, speech: Speech, top = true): string {
  const { say } = speech
  if (node.type === 'leaf') {
    const text = leafSentence(node.leaf, speech)
    return node.not ? say('said.not', { what: text }) : text
  }
  if (node.parts.length === 0) return say(node.not ? 'segment.nobody' : 'segment.everybody')
  const text = node.parts
    .map((part) => conditionSentence(part, speech, false))
    .join(say(node.op === 'all' ? 'said.all' : 'said.any'))
  if (node.not) return say('said.not', { what: text })
  return top || node.parts.length === 1 ? text : say('said.group', { what: text })
}
