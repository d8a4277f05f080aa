import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, api, data } from '@/api/client'

/** Who is signed in; null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    staleTime: 60_000,
    // Somebody else may have signed in in another tab of this browser.
    refetchOnWindowFocus: 'always',
    queryFn: async () => {
      try {
        return await data(api.GET('/api/team/me'))
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null
        throw error
      }
    },
  })
}

/** Whether the signed-in person holds a permission. */
export function useMay(permission: string): boolean {
  const { data: me } = useSession()
  return me != null && (me.permissions.includes('*') || me.permissions.includes(permission))
}

/** Leaves the frame first: its polls must not ask for a session that has just ended. */
export function useSignOut(leave: () => Promise<unknown>) {
  const client = useQueryClient()
  return async () => {
    await api.POST('/api/team/sign-out')
    await leave()
    client.clear()
  }
}
