import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { Alert, Button, Card, Checkbox, Flex, Input, Segmented, Select, Tabs, Tooltip, Typography } from 'antd'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError, api, data } from '@/api/client'
import { open as opened } from '@/rooms/segments/model'
import { conditionSentence, useSpeech } from '@/rooms/segments/sentence'
import { useSegments } from '@/shared/lookups'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded, Loading } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { useLeaving } from '@/shared/useLeaving'
import { useSettled } from '@/shared/useSettled'
import {
  dropPiece,
  emptyJourney,
  type Fault,
  PRIORITIES,
  RANKS,
  rankOf,
  setPiece,
  setRule,
  tidy,
  type Warned,
} from './draft'
import { PieceDrawer } from './PieceDrawer'
import { RuleDrawer } from './RuleDrawer'
import { Faults, faultsAt, type Open, StageColumns } from './StageColumns'
import { place, type StageJourney } from './stages'
import { partOf, Warnings } from './Warnings'
import './stages.css'

const PAUSE_MS = 700

/** A new stage journey. */
export function NewStages() {
  const t = useSay()
  const [begun] = useState(() =>
    emptyJourney([t('stage.first'), t('stage.second'), t('stage.third')], t('stage.hello')),
  )
  return <Editor begun={begun} id={null} state="draft" />
}

/** The live version of a stage journey, to be changed. */
export default function EditStages() {
  const { id } = useParams({ from: '/frame/journeys/$id/edit' })
  const path = { journey_id: Number(id) }
  const journey = useQuery({
    queryKey: ['journey', path.journey_id],
    queryFn: () => data(api.GET('/api/journeys/{journey_id}', { params: { path } })),
  })
  const versions = useQuery({
    queryKey: ['versions', path.journey_id, 'edit'],
    gcTime: 0,
    queryFn: () => data(api.GET('/api/journeys/{journey_id}/versions', { params: { path } })),
  })
  return (
    <Loaded query={versions}>
      {([live]) =>
        journey.data && live ? (
          <Editor begun={live.definition as unknown as StageJourney} id={path.journey_id} state={journey.data.state} />
        ) : (
          <Loading />
        )
      }
    </Loaded>
  )
}

/** What the server says of a definition: what it would change, and its faults. */
async function checked(body: { definition?: Record<string, unknown>; text?: string }) {
  try {
    const plan = await data(api.POST('/api/journeys/validate', { body }))
    return { plan, faults: [] as Fault[], warned: plan.warnings }
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'bad_journey')) throw error
    const { errors, warnings } = error.detail
    return { plan: null, faults: (errors ?? []) as Fault[], warned: (warnings ?? []) as Warned[] }
  }
}

function Editor({ begun, id, state }: { begun: StageJourney; id: number | null; state: string }) {
  const t = useSay()
  const { i18n } = useTranslation()
  const tell = useTell()
  const client = useQueryClient()
  const navigate = useNavigate()
  const [journey, setJourney] = useState(begun)
  const [tab, setTab] = useState('canvas')
  const [yaml, setYaml] = useState('')
  const [where, setWhere] = useState<Open | null>(null)
  const [tried, setTried] = useState(false)
  const left = useRef(false)
  const definition = tidy(journey)
  const settled = useSettled(tab === 'yaml' ? { text: yaml } : { definition }, PAUSE_MS)
  const check = useQuery({
    queryKey: ['check', settled],
    retry: false,
    placeholderData: (before) => before,
    queryFn: () => checked(settled),
  })
  const faults = check.data?.faults ?? []
  const warned = check.data?.warned ?? []
  const word = (rest: string, message: string) => {
    if (i18n.language !== 'zh') return message
    const parameter = rest.split('.').findLast((part) => !/^\d+$/.test(part))
    return t(`stage.fault.${parameter || 'whole'}`, { defaultValue: t('stage.fault.other', { path: rest }) })
  }
  const told = faultsAt(faults, word)
  const elsewhere = warned.filter((one) => place(one.field) === null)
  const general = faults.filter((one) => !one.field.startsWith('stages.')).map((one) => word(one.field, one.message))
  useLeaving(
    () => !left.current && (tab === 'yaml' || JSON.stringify(definition) !== JSON.stringify(tidy(begun))),
    t('stage.unsaved'),
    t('stage.unsaved_means'),
  )

  const saving = useMutation({
    mutationFn: async (start: boolean) => {
      const body = tab === 'yaml' ? { text: yaml } : { definition }
      const saved = await data(api.POST('/api/journeys', { body }))
      const path = { journey_id: saved.journey_id }
      return start ? data(api.POST('/api/journeys/{journey_id}/start', { params: { path } })) : saved
    },
    onSuccess: async (saved) => {
      left.current = true
      tell.done(t(saved.state === 'draft' ? 'stage.saved' : 'stage.published', { version: saved.version }))
      await client.invalidateQueries({ queryKey: ['journeys'] })
      await client.invalidateQueries({ queryKey: ['journey', saved.journey_id] })
      await client.invalidateQueries({ queryKey: ['versions', saved.journey_id] })
      await navigate({ to: '/journeys/$id', params: { id: String(saved.journey_id) } })
    },
    onError: (error) => {
      setTried(true)
      if (error instanceof ApiError && error.code === 'bad_journey') tell.say(t('stage.has_faults'))
      else tell.failed(error)
    },
  })

  /** From one form to the other by the server, which alone reads YAML; what it cannot read stays where it is. */
  async function turn(to: string) {
    try {
      const { plan } = await checked(tab === 'yaml' ? { text: yaml } : { definition })
      if (!plan) {
        setTried(true)
        return tell.say(t('stage.has_faults'))
      }
      if (to === 'yaml') setYaml(plan.text)
      else if (!plan.definition.stages) return tell.say(t('stage.is_a_flow'))
      else setJourney(plan.definition as unknown as StageJourney)
      setTab(to)
    } catch (error) {
      tell.failed(error)
    }
  }

  const stage = journey.stages.find((one) => one.id === where?.stage) ?? null
  const piece = stage?.pieces?.find((one) => one.id === where?.piece) ?? null
  const rule = where?.rule === undefined ? null : (stage?.enter?.[where.rule] ?? null)
  const at = (rest: string) =>
    faults
      .filter((one) => one.field === ['stages', stage?.id, 'pieces', piece?.id, rest].filter(Boolean).join('.'))
      .map((one) => word(rest, one.message))[0] ?? null
  return (
    <Page
      title={id === null ? t('stage.new_journey') : t('stage.edit_journey', { name: begun.name })}
      hint={t(state === 'draft' ? 'stage.hint_draft' : 'stage.hint_live')}
      extra={
        <>
          <Button loading={saving.isPending && !saving.variables} onClick={() => saving.mutate(false)}>
            {t(state === 'draft' ? 'stage.save_draft' : 'stage.publish')}
          </Button>
          {state === 'draft' && (
            <Button type="primary" loading={saving.isPending && saving.variables} onClick={() => saving.mutate(true)}>
              {t('stage.save_start')}
            </Button>
          )}
        </>
      }
    >
      <Tabs
        activeKey={tab}
        onChange={(to) => void turn(to)}
        items={[
          { key: 'canvas', label: t('stage.tab_canvas') },
          { key: 'yaml', label: 'YAML' },
        ]}
      />
      {tab === 'yaml' ? (
        <>
          <Faults texts={faults.map((one) => `${one.field}: ${one.message}`)} />
          <Warnings warned={warned} of={(field) => t('stage.warned_at', { field })} />
          <Input.TextArea
            aria-label="YAML"
            value={yaml}
            onChange={(event) => setYaml(event.target.value)}
            autoSize={{ minRows: 24 }}
            spellCheck={false}
            style={{ fontFamily: 'monospace' }}
          />
        </>
      ) : (
        <>
          <Head journey={journey} change={setJourney} fresh={id === null} />
          {(tried || id !== null || journey.name !== '') && <Faults texts={[...new Set(general)]} />}
          <Warnings warned={elsewhere} of={(field) => partOf(journey, field, t)} />
          <StageColumns journey={journey} change={setJourney} open={setWhere} told={told} warned={warned} />
        </>
      )}
      <PieceDrawer
        piece={piece}
        fault={at}
        change={(changed) => stage && setJourney(setPiece(journey, stage.id, changed))}
        drop={() => {
          if (stage && piece) setJourney(dropPiece(journey, stage.id, piece.id))
          setWhere(null)
        }}
        close={() => setWhere(null)}
      />
      <RuleDrawer
        stage={stage}
        stages={journey.stages}
        rule={rule}
        warned={warned.filter((one) => place(one.field)?.stage === stage?.id && place(one.field)?.rule === where?.rule)}
        fault={stage && where?.rule !== undefined ? (told(stage.id, null, where.rule)[0] ?? null) : null}
        change={(changed) =>
          stage && where?.rule !== undefined && setJourney(setRule(journey, stage.id, where.rule, changed))
        }
        drop={() => {
          if (stage && where?.rule !== undefined) setJourney(setRule(journey, stage.id, where.rule, null))
          setWhere(null)
        }}
        close={() => setWhere(null)}
      />
    </Page>
  )
}

/** What the journey is called and who enters it. */
function Head({
  journey,
  change,
  fresh,
}: {
  journey: StageJourney
  change: (journey: StageJourney) => void
  fresh: boolean
}) {
  const t = useSay()
  const speech = useSpeech()
  const segments = useSegments()
  const { entry } = journey
  const named = segments.data?.find((one) => one.name === entry.segment || one.segment_id === entry.segment)
  return (
    <Card styles={{ body: { padding: 14 } }} style={{ marginBottom: 12 }}>
      <Flex gap={16} wrap align="center">
        <Flex gap={8} align="center">
          {t('stage.journey_name')}
          <Input
            aria-label={t('stage.journey_name')}
            value={journey.name}
            maxLength={80}
            onChange={(event) => change({ ...journey, name: event.target.value })}
            style={{ width: 260 }}
          />
        </Flex>
        <Flex gap={8} align="center">
          {t('stage.who')}
          <Select
            aria-label={t('stage.who')}
            showSearch={{ optionFilterProp: 'label' }}
            placeholder={t('stage.choose_segment')}
            value={named?.name}
            onChange={(segment: string) => change({ ...journey, entry: { ...entry, segment, condition: undefined } })}
            options={segments.data?.map((one) => ({ value: one.name, label: one.name })) ?? []}
            style={{ minWidth: 200 }}
          />
        </Flex>
        {entry.condition && (
          <Typography.Text type="secondary">{conditionSentence(opened(entry.condition), speech)}</Typography.Text>
        )}
        <Checkbox
          checked={entry.existing ?? false}
          onChange={(event) =>
            change({ ...journey, entry: { ...entry, existing: event.target.checked ? true : undefined } })
          }
        >
          {t('stage.existing')}
        </Checkbox>
        <Flex gap={8} align="center">
          {t('stage.priority')}
          <Tooltip title={t('stage.priority_hint')}>
            <Segmented
              aria-label={t('stage.priority')}
              value={rankOf(journey)}
              onChange={(rank) => change({ ...journey, priority: PRIORITIES[rank] })}
              options={RANKS.map((rank) => ({ value: rank, label: t(`stage.priority.${rank}`) }))}
            />
          </Tooltip>
        </Flex>
      </Flex>
      {fresh && entry.segment === undefined && (
        <Alert type="info" showIcon title={t('stage.start_here')} style={{ marginTop: 12 }} />
      )}
    </Card>
  )
}
