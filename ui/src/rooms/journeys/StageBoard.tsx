import { Card, Drawer, Flex, Tag, Tooltip, Typography } from 'antd'
import { useState } from 'react'
import { number } from '@/shared/number'
import { type Say, useSay } from '@/shared/say'
import { heaps } from './look'
import type { Look } from './looks'
import type { Moving, Standing } from './MoveDialog'
import { Followed } from './PeopleDrawer'
import { dragged, dropped, StagePeople } from './StagePeople'
import { StepPanel } from './StepPanel'
import { arrivals, moved, type Piece, routeName, type Stage, timeline } from './stages'
import type { Wave } from './useWave'
import './stages.css'

/** Stages as columns: who is where now, how they came, and the pieces of each by day and hour. */
export function StageBoard({
  stages,
  wave,
  look,
  move,
}: {
  stages: Stage[]
  wave: Wave
  look: (look: Look) => void
  /** Asks to move somebody by hand; null where nobody may be moved: by this user, in this state of the journey. */
  move: ((moving: Moving) => void) | null
}) {
  const t = useSay()
  const [chosen, setChosen] = useState<string | null>(null)
  const step = wave.nodes.find((node) => node.id === chosen)
  return (
    <>
      <section className="stages" aria-label={t('stage.columns')}>
        {stages.map((stage, place) => (
          <Column
            key={stage.id}
            stage={stage}
            place={place}
            stages={stages}
            wave={wave}
            look={look}
            choose={setChosen}
            move={move}
          />
        ))}
      </section>
      <Drawer open={step !== undefined} onClose={() => setChosen(null)} size={420} title={t('stage.piece')}>
        {step && <StepPanel key={step.id} wave={wave} step={step} look={look} />}
      </Drawer>
    </>
  )
}

function Column({
  stage,
  place,
  stages,
  wave,
  look,
  choose,
  move,
}: {
  stage: Stage
  place: number
  stages: Stage[]
  wave: Wave
  look: (look: Look) => void
  choose: (id: string) => void
  move: ((moving: Moving) => void) | null
}) {
  const t = useSay()
  const [over, setOver] = useState(false)
  const land = (person: Standing | null) => {
    setOver(false)
    if (person && person.stage !== stage.id) move?.({ person, to: stage.id })
  }
  const here = wave.nodes.filter((node) => node.stage === stage.id).reduce((sum, node) => sum + node.here, 0)
  const rest = wave.nodes.find((node) => node.kind === 'rest' && node.stage === stage.id)
  return (
    <Card
      className="stage"
      styles={{ body: { padding: 14 } }}
      aria-label={stage.name}
      data-over={over}
      onDragOver={(event) => {
        if (move === null || !dragged(event)) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        land(dropped(event))
      }}
    >
      <Flex justify="space-between" align="baseline" gap={8}>
        <Typography.Title level={5} style={{ margin: 0 }}>
          <span className="stage-place">{place + 1}</span>
          {stage.name}
        </Typography.Title>
        <span className="stage-here">
          <Followed
            count={here}
            name={stage.name}
            follow={() => look({ kind: 'members', stage: stage.id, active: true })}
          >
            <b>{number(here)}</b>
          </Followed>{' '}
          {t('stage.people')}
        </span>
      </Flex>
      {move && here > 0 && <StagePeople stage={stage.id} wave={wave} move={(person) => move({ person, to: null })} />}
      <Rules stage={stage} first={place === 0} stages={stages} wave={wave} look={look} />
      {timeline(stage).map(({ day, pieces }) => (
        <div key={day} className="stage-day">
          <div className="stage-day-name">{t('stage.day', { day })}</div>
          {pieces.map((piece) => (
            <PieceRow key={piece.id} piece={piece} wave={wave} look={look} choose={choose} />
          ))}
        </div>
      ))}
      {(stage.pieces ?? []).length === 0 && <Typography.Text type="secondary">{t('stage.no_pieces')}</Typography.Text>}
      {rest && (stage.pieces ?? []).length > 0 && (
        <div className="stage-rest">
          {t('stage.rest')}{' '}
          <Followed
            count={rest.here}
            name={t('stage.rest')}
            follow={() => look({ kind: 'members', node: rest.id, active: true })}
          >
            <b>{number(rest.here)}</b>
          </Followed>{' '}
          {t('stage.people')}
        </div>
      )}
    </Card>
  )
}

/** How people come into a stage, and how many came so. */
function Rules({
  stage,
  first,
  stages,
  wave,
  look,
}: {
  stage: Stage
  first: boolean
  stages: Stage[]
  wave: Wave
  look: (look: Look) => void
}) {
  const t = useSay()
  const counts = moved(wave, stage.id)
  const shown = [...(stage.enter ?? []).map((rule) => rule.reason), ...('by_hand' in counts ? ['by_hand'] : [])]
  return (
    <Flex vertical gap={2} className="stage-rules">
      {first && <span>{t('stage.entered', { count: wave.entered })}</span>}
      {[...new Set(shown)].map((reason) => (
        <Tooltip key={reason} title={ways(t, stages, stage, reason)} placement="topLeft">
          <span>
            {reasonWord(t, stages, reason)}{' '}
            {arrivals(wave, stage.id)
              .filter((one) => one.edge === `move:${reason}`)
              .slice(0, 4)
              .map(({ source, edge, target, count }) => (
                <Followed
                  key={source}
                  count={count}
                  name={reasonWord(t, stages, reason)}
                  follow={() => look({ kind: 'edge', source, edge, target })}
                >
                  <b>+{number(count)}</b>{' '}
                </Followed>
              ))}
            {!counts[reason] && <Typography.Text type="secondary">0</Typography.Text>}
          </span>
        </Tooltip>
      ))}
      {!first && shown.length === 0 && <Typography.Text type="secondary">{t('stage.only_by_hand')}</Typography.Text>}
    </Flex>
  )
}

/** What a reason is called: by the title of its rule. */
export function reasonWord(t: Say, stages: Stage[], reason: string): string {
  if (reason === 'by_hand') return t('stage.by_hand')
  const rule = stages.flatMap((stage) => stage.enter ?? []).find((one) => one.reason === reason)
  return rule?.title ?? reason
}

function ways(t: Say, stages: Stage[], stage: Stage, reason: string): string {
  if (reason === 'by_hand') return t('stage.by_hand')
  const rule = stage.enter?.find((one) => one.reason === reason)
  const names = rule?.from?.map((id) => stages.find((one) => one.id === id)?.name ?? id)
  return names ? t('stage.comes_from', { names: names.join(t('shared.comma')) }) : t('stage.comes_up')
}

/** When a piece goes, in words. */
export function hourOf(t: Say, piece: Piece): string {
  return piece.part ? t(`part.${piece.part}`) : (piece.at ?? '')
}

function PieceRow({
  piece,
  wave,
  look,
  choose,
}: {
  piece: Piece
  wave: Wave
  look: (look: Look) => void
  choose: (id: string) => void
}) {
  const t = useSay()
  const node = wave.nodes.find((one) => one.id === piece.id)
  const sent = heaps(node?.sends ?? {})
  const title = piece.title ?? piece.content ?? piece.text ?? piece.id
  const fate = [
    sent.out > 0 && t('wave.sent', { count: sent.out }),
    sent.open > 0 && t('wave.open', { count: sent.open }),
    sent.not > 0 && t('wave.not', { count: sent.not }),
  ].filter(Boolean)
  return (
    <div className="stage-piece">
      <span className="stage-hour">{hourOf(t, piece)}</span>
      <div style={{ minWidth: 0, flex: 1 }}>
        <button type="button" className="stage-title" onClick={() => choose(piece.id)} title={piece.text}>
          {title}
        </button>
        <Flex gap={4} wrap align="center" className="stage-line">
          {piece.routes.map(routeName).map((route) => (
            <Tag key={route}>{t(`route.${route}`)}</Tag>
          ))}
          {piece.days_off && piece.days_off !== 'keep' && <Tag>{t(`days_off.${piece.days_off}`)}</Tag>}
          {fate.length > 0 && <span>{fate.join(' · ')}</span>}
        </Flex>
      </div>
      {node && node.here > 0 && (
        <span className="stage-wait">
          <Followed
            count={node.here}
            name={t('stage.wait_for', { piece: title })}
            follow={() => look({ kind: 'members', node: node.id, active: true })}
          >
            {number(node.here)}
          </Followed>
        </span>
      )}
    </div>
  )
}
