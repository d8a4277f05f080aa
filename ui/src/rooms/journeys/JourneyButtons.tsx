import { useMutation, useQueryClient } from '@tanstack/react-query'
import { App, Button } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'

type Act = 'start' | 'pause' | 'stop'
const ACTS: Record<string, Act[]> = { draft: ['start'], running: ['pause', 'stop'], paused: ['start', 'stop'] }

/** Start, pause, stop: each asks first and says what will happen. */
export function JourneyButtons({ journey }: { journey: components['schemas']['JourneyBody'] }) {
  const t = useSay()
  const { modal } = App.useApp()
  const tell = useTell()
  const client = useQueryClient()
  const may = useMay('journeys.write')
  const doing = useMutation({
    mutationFn: (act: Act) => {
      const at = { params: { path: { journey_id: journey.journey_id } } }
      if (act === 'start') return data(api.POST('/api/journeys/{journey_id}/start', at))
      if (act === 'pause') return data(api.POST('/api/journeys/{journey_id}/pause', at))
      return data(api.POST('/api/journeys/{journey_id}/stop', at))
    },
    onSuccess: (found) => {
      client.setQueryData(['journey', journey.journey_id], found)
      void client.invalidateQueries({ queryKey: ['journeys'] })
      tell.done(t(`journey.now_${found.state}`))
    },
    onError: tell.failed,
  })
  if (!may) return null

  function ask(act: Act) {
    modal.confirm({
      title: t(`journey.ask_${act}`, { name: journey.name }),
      content: t(`journey.means_${act}`),
      okText: t(`journey.do_${act}`),
      okButtonProps: { danger: act === 'stop' },
      onOk: () => doing.mutateAsync(act).catch(() => undefined),
    })
  }

  return (ACTS[journey.state] ?? []).map((act) => (
    <Button
      key={act}
      type={act === 'start' ? 'primary' : 'default'}
      danger={act === 'stop'}
      loading={doing.isPending && doing.variables === act}
      onClick={() => ask(act)}
    >
      {t(act === 'start' && journey.state === 'paused' ? 'journey.do_resume' : `journey.do_${act}`)}
    </Button>
  ))
}
