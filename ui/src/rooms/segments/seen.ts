import { arrival } from '@/rooms/customers/events'
import type { Names } from '@/shared/lookups'
import type { Say } from '@/shared/say'
import { when } from '@/shared/when'

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]
}

/** What was seen for one person, in words. */
export function seenSentence(kind: string, seen: Record<string, unknown>, names: Names, say: Say): string {
  const time = (value: unknown) => (value ? when(String(value)) : say('seen.never'))
  switch (kind) {
    case 'event':
      return Number(seen.count) ? say('seen.event', { count: seen.count, last: time(seen.last) }) : say('seen.no_event')
    case 'attribute':
    case 'date':
      return seen.value === null || seen.value === undefined
        ? say('seen.no_value')
        : say('seen.value', { value: String(seen.value) })
    case 'tag': {
      const tags = listed(seen.tags ?? seen.tag).map((id) => names.tag(id))
      return tags.length ? say('seen.tags', { tags: tags.join(say('shared.comma')) }) : say('seen.no_tags')
    }
    case 'account':
      return say(seen.following ? 'seen.following' : 'seen.not_following')
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
    case 'owner':
      return seen.staff_id ? say('seen.owner', { id: seen.staff_id }) : say('seen.no_owner')
    default:
      return Object.entries(seen)
        .map(([name, value]) => `${name} ${String(value)}`)
        .join(' · ')
  }
}
