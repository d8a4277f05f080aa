import type { components } from '@/api/schema'

export type Reply = components['schemas']['ReplyBody']
export type ReplyIn = components['schemas']['ReplyIn']
export type Welcome = components['schemas']['WelcomeBody']
export type WelcomeIn = components['schemas']['WelcomeIn']
export type Condition = Record<string, unknown> | null

/** What a form of a welcome or a reply holds: `said` chooses which of text and content counts. */
export interface Speaking {
  said: 'text' | 'content'
  text: string
  content_id: number | null
}
export type ReplyDraft = Omit<ReplyIn, 'text' | 'content_id'> & Speaking & { condition: Condition }
export type WelcomeDraft = Omit<WelcomeIn, 'text' | 'content_id'> & Speaking & { condition: Condition }

export const speaking = (given?: { text: string | null; content_id: number | null }): Speaking => ({
  said: given?.content_id ? 'content' : 'text',
  text: given?.text ?? '',
  content_id: given?.content_id ?? null,
})

/** The form of a reply: a stored one, or a new one with these words. */
export function replyDraft(reply: Reply | null, words: string[] = []): ReplyDraft {
  return {
    kind: reply?.kind ?? 'keyword',
    name: reply?.name ?? words[0] ?? '',
    match: reply?.match ?? 'contains',
    words: reply?.words ?? words,
    account_id: reply?.account_id ?? null,
    condition: reply?.condition ?? null,
    always: reply?.always ?? false,
    priority: reply?.priority ?? 0,
    active: reply?.active ?? true,
    ...speaking(reply ?? undefined),
  }
}

export function welcomeDraft(welcome: Welcome | null): WelcomeDraft {
  return {
    name: welcome?.name ?? '',
    scope: welcome?.scope ?? 'wecom',
    ref: welcome?.ref ?? '',
    condition: welcome?.condition ?? null,
    priority: welcome?.priority ?? 0,
    second_after_minutes: welcome ? welcome.second_after_minutes : 120,
    second_text: welcome?.second_text ?? '',
    second_ways: welcome?.second_ways ?? [],
    active: welcome?.active ?? true,
    ...speaking(welcome ?? undefined),
  }
}

export const spoken = ({ said, text, content_id }: Speaking) =>
  said === 'text' ? { text: text.trim(), content_id: null } : { text: null, content_id }

export function replyOf({ said, text, content_id, ...draft }: ReplyDraft): ReplyIn {
  // Menu keys and questions are compared in one way only.
  const match = draft.kind === 'menu' ? 'exact' : draft.kind === 'faq' ? 'contains' : draft.match
  return { ...draft, match, words: draft.words.map((word) => word.trim()), ...spoken({ said, text, content_id }) }
}

/** Whoever followed an Official Account or wrote to customer service added nobody who could greet them again. */
export const greetsAgain = (scope: WelcomeIn['scope']) => !['oa', 'kf', 'kf_account'].includes(scope)

export function welcomeOf({ said, text, content_id, ...draft }: WelcomeDraft): WelcomeIn {
  const everybody = ['wecom', 'oa', 'kf'].includes(draft.scope)
  const again = greetsAgain(draft.scope) ? (draft.second_after_minutes ?? null) : null
  return {
    ...draft,
    ref: everybody ? '' : (draft.ref ?? '').trim(),
    second_after_minutes: again,
    second_text: again === null ? '' : draft.second_text,
    second_ways: again === null ? [] : draft.second_ways,
    ...spoken({ said, text, content_id }),
  }
}

/** The segment (id or name) that a condition names and nothing else; null for any other condition. */
export function segmentOf(condition: Condition): string | number | null {
  if (condition?.kind !== 'segment') return null
  const named = condition.segment
  return typeof named === 'string' || typeof named === 'number' ? named : null
}
