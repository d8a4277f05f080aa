import { useQuery } from '@tanstack/react-query'
import { api, data } from '@/api/client'

/** The titles of a version's steps; they never change, so they are read once. */
export function useStepTitles(journey: number, version: number): (node: string) => string {
  const { data: wave } = useQuery({
    queryKey: ['titles', journey, version],
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: () =>
      data(
        api.GET('/api/journeys/{journey_id}/wave', { params: { path: { journey_id: journey }, query: { version } } }),
      ),
  })
  const titles = new Map(wave?.nodes.map((node) => [node.id, node.title]))
  return (node) => titles.get(node) || node
}

export function StepTitle({ journey, version, node }: { journey: number; version: number; node: string }) {
  return <>{useStepTitles(journey, version)(node)}</>
}
