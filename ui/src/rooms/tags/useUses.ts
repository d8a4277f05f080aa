import { useQuery } from '@tanstack/react-query'
import { api, data } from '@/api/client'

/** What needs a tag. */
export function useUses(tag_id: number) {
  return useQuery({
    queryKey: ['tags', tag_id, 'uses'],
    queryFn: async () => (await data(api.GET('/api/tags/{tag_id}/uses', { params: { path: { tag_id } } }))).items,
  })
}
