import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ApiError, api, data } from '@/api/client'

/** Who is signed in; null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    staleTime: 60_000,
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

export function useSignOut() {
  const client = useQueryClient()
  return async () => {
    await api.POST('/api/team/sign-out')
    client.clear()
  }
}
