import type { components } from '@/api/schema'

const EXCLUSIVE = new Set(['unionid', 'external_userid', 'oa_openid', 'crm_id'])

/** The exclusive kinds (`kind:scope`) of which the members of a case hold different values. */
export function contradictions(members: components['schemas']['MemberOut'][]): Set<string> {
  const values = new Map<string, Set<string | null>>()
  for (const member of members)
    for (const known of member.identities)
      if (EXCLUSIVE.has(known.kind)) {
        const key = `${known.kind}:${known.scope}`
        values.set(key, (values.get(key) ?? new Set()).add(known.value))
      }
  return new Set([...values].filter(([, found]) => found.size > 1).map(([key]) => key))
}
