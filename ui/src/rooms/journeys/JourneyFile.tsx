import { useQuery } from '@tanstack/react-query'
import { Drawer, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'

/** The journey as the file that `siyu journey apply` takes. */
export function JourneyFile({
  journey,
  version,
  open,
  close,
}: {
  journey: components['schemas']['JourneyBody']
  version: number | null
  open: boolean
  close: () => void
}) {
  const t = useSay()
  const shown = version ?? journey.version
  const file = useQuery({
    queryKey: ['file', journey.journey_id, shown],
    enabled: open,
    queryFn: () =>
      data(
        api.GET('/api/journeys/{journey_id}/file', {
          params: { path: { journey_id: journey.journey_id }, query: { version: shown } },
        }),
      ),
  })
  return (
    <Drawer open={open} onClose={close} size="large" title={t('journey.file', { version: shown })}>
      <Loaded query={file}>
        {(found) => (
          <>
            <Typography.Paragraph type="secondary">{t('journey.file_hint')}</Typography.Paragraph>
            <Typography.Paragraph copyable={{ text: found.text }}>
              <pre style={{ whiteSpace: 'pre-wrap', fontSize: 13 }}>{found.text}</pre>
            </Typography.Paragraph>
          </>
        )}
      </Loaded>
    </Drawer>
  )
}
