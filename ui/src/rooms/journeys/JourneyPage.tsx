import { CodeOutlined, EditOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Badge, Button, Card, Drawer, Flex, Grid, Select, Tag } from 'antd'
import { useEffect, useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { later } from '@/shared/later'
import { number } from '@/shared/number'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { exactly, when } from '@/shared/when'
import { Counts } from './Counts'
import { JourneyButtons } from './JourneyButtons'
import { JourneyFile } from './JourneyFile'
import { STATE_COLOURS } from './look'
import { endingWord, type Look } from './looks'
import { MoveDialog, type Moving } from './MoveDialog'
import { Overview } from './Overview'
import { Followed, PeopleDrawer } from './PeopleDrawer'
import { StageBoard } from './StageBoard'
import { StepList } from './StepList'
import { StepPanel } from './StepPanel'
import type { Stage } from './stages'
import { type Line, useWave, type Wave } from './useWave'

const WaveFlow = later(() => import('./WaveFlow'))
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
  const may = useMay('journeys.write')
  const [version, setVersion] = useState<number | null>(null)
  const [file, setFile] = useState(false)
  const [look, setLook] = useState<Look | null>(null)
  const [moving, setMoving] = useState<Moving | null>(null)
  const move = may && ['running', 'paused'].includes(journey.state) ? setMoving : null
  const { query, line, now } = useWave(journey.journey_id, version)
  const versions = useQuery({
    queryKey: ['versions', journey.journey_id, journey.version],
    queryFn: () =>
      data(api.GET('/api/journeys/{journey_id}/versions', { params: { path: { journey_id: journey.journey_id } } })),
  })
  const shown = versions.data?.find((one) => one.version === (version ?? journey.version))
  const stages = shown?.definition.stages as Stage[] | undefined
  const options = versions.data?.map((one) => ({
    value: one.version,
    label:
      one.version === journey.version
        ? t('journey.version_live', { version: one.version })
        : t('journey.version', { version: one.version }),
  }))
  return (
    <Page
      name={journey.name}
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
          {journey.kind === 'stages' && may && !journey.state.startsWith('stop') && (
            <Link to="/journeys/$id/edit" params={{ id: String(journey.journey_id) }}>
              <Button icon={<EditOutlined />}>{t('stage.edit')}</Button>
            </Link>
          )}
          <JourneyButtons journey={journey} />
        </>
      }
    >
      <Loaded query={query}>
        {(wave) => (
          <>
            <Card styles={{ body: { padding: '12px 20px' } }} style={{ marginBottom: 12 }}>
              <Flex wrap gap={24} justify="space-between" align="center">
                <Counts wave={wave} look={setLook} />
                <Endings wave={wave} look={setLook} />
              </Flex>
            </Card>
            {journey.kind === 'flow' && <Steps wave={wave} look={setLook} />}
            {stages && <StageBoard stages={stages} wave={wave} look={setLook} move={move} />}
            <PeopleDrawer wave={wave} look={look} close={() => setLook(null)} move={stages ? move : null} />
            {stages && (
              <MoveDialog journey={journey.journey_id} stages={stages} moving={moving} close={() => setMoving(null)} />
            )}
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

/** Goals reached and reasons of ends. */
function Endings({ wave, look }: { wave: Wave; look: (look: Look) => void }) {
  const t = useSay()
  const shown: [string, number, Look, string][] = [
    ...Object.entries(wave.goals).map(([name, count]): [string, number, Look, string] => [
      endingWord(t, wave, `goal:${name}`),
      count,
      { kind: 'goal', name },
      'gold',
    ]),
    // A goal that ends the journey stands among the goals already.
    ...Object.entries(wave.ended)
      .filter(([reason, count]) => count > 0 && !reason.startsWith('goal:'))
      .map(([reason, count]): [string, number, Look, string] => [
        endingWord(t, wave, reason),
        count,
        { kind: 'members', active: false, reason },
        'default',
      ]),
  ]
  return (
    <Flex gap={6} wrap>
      {shown.map(([word, count, where, colour]) => (
        <Tag key={JSON.stringify(where)} color={colour}>
          {word}{' '}
          <Followed count={count} name={word} follow={() => look(where)}>
            <b>{number(count)}</b>
          </Followed>
        </Tag>
      ))}
    </Flex>
  )
}

function Steps({ wave, look }: { wave: Wave; look: (look: Look) => void }) {
  const t = useSay()
  const size = Grid.useBreakpoint()
  const drawn = size.lg ?? true
  const beside = size.xl ?? true
  const [chosen, setChosen] = useState<string | null>(null)
  useEffect(() => {
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setChosen(null)
    window.addEventListener('keydown', close)
    return () => window.removeEventListener('keydown', close)
  }, [])
  const step = wave.nodes.find((node) => node.id === chosen)
  const panel = step && <StepPanel key={step.id} wave={wave} step={step} look={look} />
  const drawer = (
    <Drawer
      open={step !== undefined}
      onClose={() => setChosen(null)}
      placement={drawn ? 'right' : 'bottom'}
      size={drawn ? 420 : 'large'}
      title={t('wave.step')}
    >
      {panel}
    </Drawer>
  )
  if (!drawn) {
    return (
      <>
        <StepList wave={wave} choose={setChosen} />
        {drawer}
      </>
    )
  }
  return (
    <div style={{ display: 'grid', gridTemplateColumns: beside ? 'minmax(0, 1fr) 400px' : 'minmax(0, 1fr)', gap: 12 }}>
      <Card styles={{ body: { padding: 0, height: 'max(600px, calc(100vh - 286px))' } }}>
        <WaveFlow wave={wave} chosen={chosen} choose={setChosen} look={look} />
      </Card>
      {beside ? (
        <Card styles={{ body: { padding: 16, maxHeight: 'max(600px, calc(100vh - 286px))', overflow: 'auto' } }}>
          {panel && (
            <Button type="link" size="small" style={{ padding: 0, marginBottom: 8 }} onClick={() => setChosen(null)}>
              ← {t('wave.standing')}
            </Button>
          )}
          {panel ?? <Overview wave={wave} choose={setChosen} />}
        </Card>
      ) : (
        drawer
      )}
    </div>
  )
}
