import { describe, expect, it } from 'vitest'
import { type Case, compared, type Member, together } from './comparing'

const person = (customer_id: number, given: Partial<Member>): Member => ({
  customer_id,
  name: null,
  phone: null,
  email: null,
  identities: [],
  first_touch: null,
  latest_touch: null,
  created_at: '2026-03-02T09:00:00+08:00',
  last_activity_at: null,
  events: 0,
  orders: 0,
  spent: [],
  follows: [],
  ...given,
})
const known = (kind: string, value: string, scope = '') => ({ kind, scope, value, origin_id: 1, sources: ['import:1'] })

describe('a review case', () => {
  it('puts what contradicts before what is shared, and each value beside its person', () => {
    const one = {
      members: [
        person(7, { identities: [known('email', 'a@x.cn'), known('phone', '138****1'), known('crm_id', 'K1', 'crm')] }),
        person(9, {
          identities: [
            known('phone', '138****1'),
            known('crm_id', 'K2', 'crm'),
            known('crm_id', 'X', 'b'),
            known('record', 'r'),
          ],
        }),
      ],
      shared: [{ kind: 'phone', value: '138****1' }],
      contradictions: [{ kind: 'crm_id', scope: 'crm', values: [] }],
    } as unknown as Case
    const rows = compared(one)
    expect(rows.map((row) => [row.kind, row.scope, row.mark])).toEqual([
      ['crm_id', 'crm', 'against'],
      ['phone', '', 'shared'],
      ['email', '', 'plain'],
      ['crm_id', 'b', 'plain'],
    ])
    expect(rows[0]?.held.get(9)?.map((value) => value.value)).toEqual(['K2'])
    expect(rows[2]?.held.get(9)).toBeUndefined()
  })

  it('adds up what would be in one place, money by currency', () => {
    const cny = (amount: number) => ({ currency: 'CNY', amount })
    const sum = together([
      person(12, { events: 3, orders: 1, spent: [cny(100)] }),
      person(5, { events: 4, orders: 2, spent: [cny(50), { currency: 'USD', amount: 7 }] }),
    ])
    expect(sum).toEqual({ events: 7, orders: 3, spent: [cny(150), { currency: 'USD', amount: 7 }], keeps: 5 })
  })
})
