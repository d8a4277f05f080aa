import type { components } from '@/api/schema'

export type Case = components['schemas']['CaseOut']
export type Member = components['schemas']['MemberOut']
export type Known = components['schemas']['KnownOut']

/** One kind of identity over the people of a case, and what it says about them. */
export interface Compared {
  kind: string
  scope: string
  mark: 'against' | 'shared' | 'plain'
  /** customer_id -> what this person has of it. */
  held: Map<number, Known[]>
}

const ORDER = { against: 0, shared: 1, plain: 2 }

/** The identities of a case side by side: what contradicts first, then what joins, then the rest. */
export function compared(one: Case): Compared[] {
  const against = new Set(one.contradictions.map(({ kind, scope }) => `${kind}:${scope}`))
  const joint = new Set(one.shared.map(({ kind }) => kind))
  const found = new Map<string, Compared>()
  for (const member of one.members)
    for (const known of member.identities) {
      if (known.kind === 'record') continue
      const key = `${known.kind}:${known.scope}`
      const row = found.get(key) ?? {
        kind: known.kind,
        scope: known.scope,
        mark: against.has(key) ? 'against' : joint.has(known.kind) ? 'shared' : 'plain',
        held: new Map<number, Known[]>(),
      }
      row.held.set(member.customer_id, [...(row.held.get(member.customer_id) ?? []), known])
      found.set(key, row)
    }
  return [...found.values()].sort((a, b) => ORDER[a.mark] - ORDER[b.mark])
}

export interface Spent {
  currency: string
  amount: number
}

/** What would be in one place if these people were one. */
export function together(members: Member[]): { events: number; orders: number; spent: Spent[]; keeps: number } {
  const spent = new Map<string, number>()
  for (const member of members)
    for (const sum of member.spent) spent.set(sum.currency, (spent.get(sum.currency) ?? 0) + sum.amount)
  return {
    events: members.reduce((sum, member) => sum + member.events, 0),
    orders: members.reduce((sum, member) => sum + member.orders, 0),
    spent: [...spent].map(([currency, amount]) => ({ currency, amount })),
    keeps: Math.min(...members.map((member) => member.customer_id)),
  }
}
