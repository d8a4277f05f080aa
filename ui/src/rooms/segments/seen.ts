import { arrival } from '@/rooms/customers/events'
import type { Names } from '@/shared/lookups'
import type { Say } from '@/shared/say'
import { when } from '@/shared/when'

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]
}

/** What was seen for one person, in words. */
export function seenSentence(
  kind: string,
  params: Record<string, unknown>,
  seen: Record<string, unknown>,
  names: Names,
  say: Say,
): string {
  const time = (value: unknown) => (value ? when(String(value)) : say('seen.never'))
  switch (kind) {
    case 'event':
      return Number(seen.count) ? say('seen.event', { count: seen.count, last: time(seen.last) }) : say('seen.no_event')
    case 'attribute':
    case 'date':
      return seen.value === null || seen.value === undefined
        ? say('seen.no_value')
        : say('seen.value', { value: names.value(params.name ?? 'birthday', seen.value) })
    case 'tag': {
      const tags = listed(seen.tags ?? seen.tag).map((id) => names.tag(id))
      return tags.length ? say('seen.tags', { tags: tags.join(say('shared.comma')) }) : say('seen.no_tags')
    }
    case 'account':
      return say(seen.following ? 'seen.following' : seen.lost ? 'seen.left' : 'seen.not_following')
    case 'follow':
      return listed(seen.staff).length
        ? say('seen.follow', { staff: listed(seen.staff).map(names.contact).join(say('shared.comma')) })
        : say('seen.no_follow')
    case 'pushes':
      return seen.opted_out_at ? say('seen.opted_out', { at: time(seen.opted_out_at) }) : say('seen.pushes')
    case 'segment':
      return say(seen.member ? 'seen.member' : 'seen.not_member')
    case 'source':
      return seen.via
        ? say('seen.source', {
            source: arrival(`${String(seen.via)}/${String(seen.code ?? '')}`, say),
            at: time(seen.at),
          })
        : say('seen.no_value')
    case 'sequence':
      return seen.first
        ? say('seen.sequence', { first: time(seen.first), second: time(seen.then), decided: time(seen.decided_at) })
        : say('seen.no_first')
    case 'order':
      return say('seen.order', {
        count: seen.count,
        amount: (Number(seen.amount ?? 0) / 100).toFixed(2),
        last: time(seen.last),
      })
    case 'score':
      return say('seen.score', { score: seen.score })
    case 'lifecycle':
      return say('seen.lifecycle', { level: names.level(seen.level) })
    case 'stage':
      return seen.stage ? say('seen.stage', { stage: names.stage(params.journey, seen.stage) }) : say('seen.no_stage')
    case 'channel':
      return seen.channel
        ? say('seen.channel', { channel: names.channel(seen.channel), at: time(seen.at) })
        : say('seen.no_channel')
    case 'owner':
      return seen.staff_id ? say('seen.owner', { staff: names.staff(seen.staff_id) }) : say('seen.no_owner')
    default:
      return Object.entries(seen)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(' · ')
  }
}
