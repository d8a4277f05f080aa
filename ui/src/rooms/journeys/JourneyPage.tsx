import { CodeOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Alert, Badge, Button, Card, Drawer, Flex, Grid, Select, Tag, Typography } from 'antd'
import { lazy, Suspense, useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Loading } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { Counts } from './Counts'
import { JourneyButtons } from './JourneyButtons'
import { JourneyFile } from './JourneyFile'
import { STATE_COLOURS } from './look'
import { StepList } from './StepList'
import { StepPanel } from './StepPanel'
import { type Line, useWave, type Wave } from './useWave'

const WaveFlow = lazy(() => import('./WaveFlow'))
type Journey = components['schemas']['JourneyBody']

export default function JourneyPage() {
  const { id } = useParams({ from: '/frame/journeys/$id' })
  const number = Number(id)
  const journey = useQuery({
    queryKey: ['journey', number],
    refetchInterval: 10_000,
    queryFn: () => data(api.GET('/api/journeys/{journey_id}', { params: { path: { journey_id: number } } })),
  })
  return <Loaded query={journey}>{(found) => <Live journey={found} />}</Loaded>
}

function Live({ journey }: { journey: Journey }) {
  const t = useSay()
  const [version, setVersion] = useState<number | null>(null)
  const [file, setFile] = useState(false)
  const { query, line, now } = useWave(journey.journey_id, version)
  const versions = useQuery({
    queryKey: ['versions', journey.journey_id, journey.version],
    queryFn: () =>
      data(api.GET('/api/journeys/{journey_id}/versions', { params: { path: { journey_id: journey.journey_id } } })),
  })
  const options = versions.data?.map((one) => ({
    value: one.version,
    label:
      one.version === journey.version
        ? t('journey.version_live', { version: one.version })
        : t('journey.version', { version: one.version }),
  }))
  return (
    <Page
      title={
        <Flex gap={10} align="center" wrap>
          {journey.name}
          <Tag color={STATE_COLOURS[journey.state]}>{t(`journey.state.${journey.state}`)}</Tag>
        </Flex>
      }
      hint={
        <Flex gap={12} wrap align="center">
          <LiveBadge line={line} state={journey.state} />
          {now && (
            <span title={exactly(now)}>
              {t('wave.now')} {when(now)}
            </span>
          )}
          <span>
            {journey.started_at ? t('journey.started', { at: when(journey.started_at) }) : t('journey.never_started')}
          </span>
        </Flex>
      }
      extra={
        <>
          <Select
            aria-label={t('journey.versions')}
            value={version ?? journey.version}
            options={options ?? []}
            onChange={(chosen) => setVersion(chosen === journey.version ? null : chosen)}
            style={{ minWidth: 150 }}
          />
          <Button icon={<CodeOutlined />} onClick={() => setFile(true)}>
            YAML
          </Button>
          <JourneyButtons journey={journey} />
        </>
      }
    >
      {line === 'reconnecting' && (
        <Alert type="warning" showIcon banner title={t('wave.reconnecting')} style={{ marginBottom: 12 }} />
      )}
      <Loaded query={query}>
        {(wave) => (
          <>
            <Card styles={{ body: { padding: '12px 20px' } }} style={{ marginBottom: 12 }}>
              <Flex wrap gap={24} justify="space-between" align="center">
                <Counts wave={wave} />
                <Endings wave={wave} />
              </Flex>
            </Card>
            <Steps wave={wave} journey={journey} />
          </>
        )}
      </Loaded>
      <JourneyFile journey={journey} version={version} open={file} close={() => setFile(false)} />
    </Page>
  )
}

function LiveBadge({ line, state }: { line: Line; state: string }) {
  const t = useSay()
  if (line === 'reconnecting') return <Badge status="warning" text={t('wave.line.reconnecting')} />
  if (line === 'connecting') return <Badge status="default" text={t('wave.line.connecting')} />
  return <Badge status={state === 'running' ? 'processing' : 'success'} text={t('wave.line.live')} />
}

function Endings({ wave }: { wave: Wave }) {
  const t = useSay()
  const titles = new Map(wave.nodes.filter((node) => node.kind === 'exit').map((node) => [node.id, node.title]))
  const ended = Object.entries(wave.ended).filter(([, count]) => count > 0)
  return (
    <Flex gap={6} wrap>
      {ended.map(([reason, count]) => (
        <Tag key={reason}>
          {t(`ended.${reason}`, { defaultValue: titles.get(reason) ?? reason })} <b>{count}</b>
        </Tag>
      ))}
    </Flex>
  )
}

function Steps({ wave, journey }: { wave: Wave; journey: Journey }) {
  const t = useSay()
  const wide = Grid.useBreakpoint().lg ?? true
  const [chosen, setChosen] = useState<string | null>(null)
  const step = wave.nodes.find((node) => node.id === chosen)
  const panel = step && <StepPanel journey={journey.journey_id} version={wave.version} step={step} />
  if (!wide) {
    return (
      <>
        <StepList wave={wave} choose={setChosen} />
        <Drawer
          open={step !== undefined}
          onClose={() => setChosen(null)}
          placement="bottom"
          size="large"
          title={t('wave.step')}
        >
          {panel}
        </Drawer>
      </>
    )
  }
  return (
    <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) 400px', gap: 12 }}>
      <Card styles={{ body: { padding: 0, height: 'max(600px, calc(100vh - 286px))' } }}>
        <Suspense fallback={<Loading />}>
          <WaveFlow wave={wave} chosen={chosen} choose={setChosen} />
        </Suspense>
      </Card>
      <Card styles={{ body: { padding: 16, maxHeight: 'max(600px, calc(100vh - 286px))', overflow: 'auto' } }}>
        {panel ?? <Typography.Text type="secondary">{t('wave.choose')}</Typography.Text>}
      </Card>
    </div>
  )
}
