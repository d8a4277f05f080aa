import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button, Card, Flex, Progress, Tag, Typography } from 'antd'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { useJourneys } from '@/shared/lookups'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { when } from '@/shared/when'
import { Counts } from './Counts'
import { STATE_COLOURS } from './look'

type Journey = components['schemas']['JourneyBody']

export default function JourneysList() {
  const t = useSay()
  const journeys = useJourneys(5_000)
  const may = useMay('journeys.write')
  return (
    <Page
      title={t('nav.journeys')}
      hint={t('journeys.hint')}
      extra={
        may && (
          <Link to="/journeys/new">
            <Button type="primary" icon={<PlusOutlined />}>
              {t('stage.new_journey')}
            </Button>
          </Link>
        )
      }
    >
      <Loaded query={journeys}>
        {(list) =>
          list.length === 0 ? (
            <Nothing title={t('journeys.none')}>
              <Typography.Text code>siyu journey apply examples/journeys/ebook-wave.yaml</Typography.Text>
            </Nothing>
          ) : (
            <Flex vertical gap={12}>
              {list.map((journey) => (
                <JourneyCard key={journey.journey_id} journey={journey} />
              ))}
            </Flex>
          )
        }
      </Loaded>
    </Page>
  )
}

function JourneyCard({ journey }: { journey: Journey }) {
  const t = useSay()
  const wave = useQuery({
    queryKey: ['wave', journey.journey_id, 'live'],
    enabled: journey.state !== 'draft',
    refetchInterval: journey.state === 'running' ? 5_000 : false,
    queryFn: () =>
      data(api.GET('/api/journeys/{journey_id}/wave', { params: { path: { journey_id: journey.journey_id } } })),
  })
  const filling = journey.fill_total !== null && journey.fill_done !== null && journey.fill_done < journey.fill_total
  return (
    <Card hoverable styles={{ body: { padding: 20 } }}>
      <Flex wrap gap={24} align="center" justify="space-between">
        <div style={{ minWidth: 220, flex: 1 }}>
          <Flex gap={8} align="center" wrap>
            <Link
              to="/journeys/$id"
              params={{ id: String(journey.journey_id) }}
              style={{ fontSize: 18, fontWeight: 600 }}
            >
              {journey.name}
            </Link>
            <Tag color={STATE_COLOURS[journey.state]}>{t(`journey.state.${journey.state}`)}</Tag>
          </Flex>
          <Typography.Text type="secondary">
            {t(`journey.kind.${journey.kind}`)} · {t(`journey.mode.${journey.mode}`)} ·{' '}
            {t('journey.version', { version: journey.version })} ·{' '}
            {journey.started_at ? t('journey.started', { at: when(journey.started_at) }) : t('journey.never_started')}
          </Typography.Text>
          {filling && (
            <Progress
              percent={Math.round(((journey.fill_done ?? 0) / (journey.fill_total || 1)) * 100)}
              format={() =>
                t('journey.filling', {
                  done: journey.fill_done ?? 0,
                  total: journey.fill_total ?? 0,
                })
              }
            />
          )}
        </div>
        {wave.data && <Counts wave={wave.data} />}
      </Flex>
    </Card>
  )
}
