import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ApiError, api, data } from '@/api/client'
import { sourceWord } from '@/rooms/customers/events'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import type { Import } from './look'

/** What to do when an import stands elsewhere than this screen shows: it is read again, and a person is told. */
export function useRefused(import_id: number): (error: unknown) => boolean {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const client = useQueryClient()
  return (error) => {
    if (!(error instanceof ApiError) || error.code !== 'import_state' || !error.detail.state) return false
    void client
      .fetchQuery({
        queryKey: ['import', import_id],
        staleTime: 0,
        queryFn: () => data(api.GET('/api/imports/{import_id}', { params: { path: { import_id } } })),
      })
      .then(
        (found) => tell.say(t(`import.outrun.${found.state}`, { who: sourceWord(doer(found), names, t) })),
        tell.failed,
      )
    return true
  }
}

/** Who brought an import to where it is. */
function doer(one: Import): string {
  return one.cancelled_by ?? one.applied_by ?? one.actor
}

/** Applying, cancelling and taking back. */
export function useActs(one: Import, done: (found: Import) => void) {
  const client = useQueryClient()
  const tell = useTell()
  const refused = useRefused(one.import_id)
  const at = { params: { path: { import_id: one.import_id } } }
  return useMutation({
    mutationFn: (act: 'apply' | 'cancel') =>
      act === 'apply'
        ? data(api.POST('/api/imports/{import_id}/apply', at))
        : data(api.POST('/api/imports/{import_id}/cancel', at)),
    onSuccess: async (found) => {
      done(found)
      // An older answer that is still under way would show the state before, which nobody asks about again.
      await client.cancelQueries({ queryKey: ['import', one.import_id] })
      client.setQueryData(['import', one.import_id], found)
      void client.invalidateQueries({ queryKey: ['customers'] })
    },
    onError: (error) => {
      if (!refused(error)) tell.failed(error)
    },
  })
}
