import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import { useNames } from '@/shared/lookups'
import { usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Case, Member } from './comparing'

export type Verdict = 'same' | 'different'

/** What was decided last here, so that it can be taken back at once. */
export interface Last {
  decision_id: number
  case_id: number
  verdict: Verdict
  names: string[]
}

/** The open cases, deciding one, and taking the last decision back. */
export function useCases() {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const client = useQueryClient()
  const [last, setLast] = useState<Last | null>(null)
  const [undone, setUndone] = useState<number | null>(null)
  const list = usePortions(['cases', 'open'], (cursor) =>
    data(api.GET('/api/customers/cases', { params: { query: { state: 'open', cursor, limit: 20 } } })),
  )
  const again = async () => {
    await client.invalidateQueries({ queryKey: ['cases'] })
    await client.invalidateQueries({ queryKey: ['decisions'] })
    await client.invalidateQueries({ queryKey: ['customer'] })
    await client.invalidateQueries({ queryKey: ['customers'] })
  }

  /** Somebody else was quicker: who, and what they said. */
  async function outrun(case_id: number) {
    try {
      const found = await data(api.GET('/api/customers/cases/{case_id}', { params: { path: { case_id } } }))
      const { decision } = found
      if (decision) {
        const who = decision.actor_name ?? names.staff(decision.actor.split(':')[1])
        return tell.say(t('review.outrun', { who, verdict: t(`review.said_${decision.verdict}`) }))
      }
    } catch {
      // What follows is true in any case.
    }
    tell.say(t('error.unknown_case'))
  }

  const deciding = useMutation({
    mutationFn: ({ one, verdict, meant }: { one: Case; verdict: Verdict; meant: Member[]; leave: () => void }) =>
      data(
        api.POST('/api/customers/cases/{case_id}/decision', {
          params: { path: { case_id: one.case_id } },
          body: {
            verdict,
            members: meant.length < one.members.length ? meant.map((member) => member.customer_id) : null,
          },
        }),
      ),
    onSuccess: async ({ decision_id }, { one, verdict, meant, leave }) => {
      setLast({
        decision_id,
        case_id: one.case_id,
        verdict,
        names: meant.map((member) => member.name ?? `#${member.customer_id}`),
      })
      setUndone(null)
      leave()
      await again()
    },
    onError: async (error, { one, leave }) => {
      if (!(error instanceof ApiError) || error.code !== 'unknown_case') return tell.failed(error)
      await outrun(one.case_id)
      leave()
      await again()
    },
  })
  const undoing = useMutation({
    mutationFn: (given: Last) =>
      data(
        api.DELETE('/api/customers/decisions/{decision_id}', { params: { path: { decision_id: given.decision_id } } }),
      ),
    onSuccess: async (_, given) => {
      tell.done(t('review.undone_open'))
      setLast(null)
      await again()
      setUndone(given.case_id)
    },
    onError: async (error) => {
      tell.failed(error)
      setLast(null)
      await again()
    },
  })
  return {
    list,
    last,
    undone,
    busy: deciding.isPending || undoing.isPending,
    decide: (one: Case, verdict: Verdict, meant: Member[], leave: () => void) =>
      deciding.mutate({ one, verdict, meant, leave }),
    undo: (given: Last) => undoing.mutate(given),
    forget: () => setLast(null),
  }
}
