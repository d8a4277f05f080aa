import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'

export type Wave = components['schemas']['WaveBody']
export type Line = 'connecting' | 'live' | 'reconnecting'

/**
 * The wave of a journey. The live version is kept current by server-sent events; the browser reconnects by itself,
 * and `line` says whether what is shown is current. An older version is read every five seconds.
 */
export function useWave(id: number, version: number | null) {
  const client = useQueryClient()
  const [line, setLine] = useState<Line>('connecting')
  const [now, setNow] = useState<string | null>(null)
  const query = useQuery({
    queryKey: ['wave', id, version ?? 'live'],
    refetchInterval: version === null ? false : 5_000,
    queryFn: () =>
      data(
        api.GET('/api/journeys/{journey_id}/wave', {
          params: { path: { journey_id: id }, query: version === null ? {} : { version } },
        }),
      ),
  })

  const found = query.data !== undefined
  useEffect(() => {
    if (!found) return
    const source = new EventSource(`/api/live/journeys/${id}`)
    source.addEventListener('open', () => setLine('live'))
    source.addEventListener('error', () => setLine('reconnecting'))
    source.addEventListener('time', (event) => setNow(String(event.data)))
    source.addEventListener('wave', (event) => {
      const told = JSON.parse(String(event.data)) as { now: string; wave: Wave }
      setLine('live')
      setNow(told.now)
      client.setQueryData(['wave', id, 'live'], told.wave)
    })
    return () => source.close()
  }, [client, id, found])

  return { query, line, now }
}
