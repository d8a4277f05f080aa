import { useQuery } from '@tanstack/react-query'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'

export type SyncAccount = components['schemas']['SyncAccountBody']

/** The accounts whose tags are kept in step with ours, and what they are not told yet. */
export function useSync() {
  return useQuery({
    queryKey: ['tags', 'sync'],
    refetchInterval: 10_000,
    queryFn: async () => (await data(api.GET('/api/tags/sync'))).accounts,
  })
}
