import { ArrowLeftOutlined, ArrowRightOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Card, Flex, Input, InputNumber, Popconfirm, Tag } from 'antd'
import { useSay } from '@/shared/say'
import { dropStage, newPiece, newStage, setPiece, setRule, setStage, shift, type Warned } from './draft'
import { hourOf } from './StageBoard'
import { type Piece, place, routeName, type Stage, type StageJourney, timeline } from './stages'
import { Warnings } from './Warnings'

export interface Open {
  stage: string
  piece?: string
  rule?: number
}

/** The stages of a draft as columns; a fault stands where it belongs. */
export function StageColumns({
  journey,
  change,
  open,
  told,
  warned,
}: {
  journey: StageJourney
  change: (journey: StageJourney) => void
  open: (where: Open) => void
  told: (stage: string, piece: string | null, rule: number | null) => string[]
  warned: Warned[]
}) {
  const t = useSay()
  const add = () => {
    const stage = newStage(journey.stages, t('stage.new_name', { place: journey.stages.length + 1 }))
    change({ ...journey, stages: [...journey.stages, stage] })
  }
  return (
    <section className="stages" aria-label={t('stage.columns')}>
      {journey.stages.map((stage, n) => (
        <Column
          key={stage.id}
          stage={stage}
          n={n}
          journey={journey}
          change={change}
          open={open}
          told={told}
          warned={warned}
        />
      ))}
      <Button className="stage-add" icon={<PlusOutlined />} onClick={add}>
        {t('stage.add')}
      </Button>
    </section>
  )
}

function Column({
  stage,
  n,
  journey,
  change,
  open,
  told,
  warned,
}: {
  stage: Stage
  n: number
  journey: StageJourney
  change: (journey: StageJourney) => void
  open: (where: Open) => void
  told: (stage: string, piece: string | null, rule: number | null) => string[]
  warned: Warned[]
}) {
  const t = useSay()
  const at = (rule: number | null) =>
    warned.filter((one) => place(one.field)?.stage === stage.id && place(one.field)?.rule === rule)
  const last = journey.stages.length - 1
  const addPiece = () => {
    const piece = newPiece(journey.stages, stage, '')
    change(setPiece(journey, stage.id, piece))
    open({ stage: stage.id, piece: piece.id })
  }
  const addRule = () => {
    const rules = stage.enter ?? []
    const taken = new Set(journey.stages.flatMap((one) => (one.enter ?? []).map((rule) => rule.reason)))
    let number = rules.length + 1
    while (taken.has(`${stage.id}-rule-${number}`)) number += 1
    const when = { kind: 'event', type: 'message_received', since: 'entered' }
    const from = n === 0 ? journey.stages.slice(1).map((one) => one.id) : undefined
    const rule = { reason: `${stage.id}-rule-${number}`, title: t('stage.new_rule'), when, from }
    change(setRule(journey, stage.id, rules.length, rule))
    open({ stage: stage.id, rule: rules.length })
  }
  return (
    <Card className="stage" styles={{ body: { padding: 14 } }}>
      <Flex gap={6} align="center">
        <span className="stage-place" style={{ flex: 'none', margin: 0 }}>
          {n + 1}
        </span>
        <Input
          aria-label={t('stage.name')}
          value={stage.name}
          maxLength={80}
          onChange={(event) => change(setStage(journey, stage.id, { name: event.target.value }))}
        />
        <Button
          type="text"
          icon={<ArrowLeftOutlined />}
          disabled={n === 0}
          aria-label={t('stage.left', { name: stage.name })}
          onClick={() => change(shift(journey, stage.id, -1))}
        />
        <Button
          type="text"
          icon={<ArrowRightOutlined />}
          disabled={n === last}
          aria-label={t('stage.right', { name: stage.name })}
          onClick={() => change(shift(journey, stage.id, 1))}
        />
        <Popconfirm
          title={t('stage.ask_drop_stage', { name: stage.name })}
          okText={t('stage.drop')}
          onConfirm={() => change(dropStage(journey, stage.id))}
        >
          <Button
            type="text"
            icon={<DeleteOutlined />}
            disabled={last === 0}
            aria-label={t('stage.drop_stage', { name: stage.name })}
          />
        </Popconfirm>
      </Flex>
      <Faults texts={told(stage.id, null, null)} />
      <Warnings warned={at(null)} />
      <Flex vertical gap={4} align="flex-start" className="stage-rules">
        {n === 0 && <span>{t('stage.starts_here')}</span>}
        {(stage.enter ?? []).map((rule, number) => (
          <div key={rule.reason}>
            <button type="button" className="stage-title" onClick={() => open({ stage: stage.id, rule: number })}>
              {t('stage.enters', { reason: rule.title ?? rule.reason })}
            </button>
            <Faults texts={told(stage.id, null, number)} />
            <Warnings warned={at(number)} />
          </div>
        ))}
        <Button size="small" type="dashed" icon={<PlusOutlined />} onClick={addRule}>
          {t('stage.add_rule')}
        </Button>
      </Flex>
      <Flex gap={8} align="center">
        {t('stage.every')}
        <InputNumber
          aria-label={t('stage.cadence')}
          size="small"
          min={1}
          max={60}
          precision={0}
          value={stage.every ?? 1}
          onChange={(days) => change(setStage(journey, stage.id, { every: days && days > 1 ? days : undefined }))}
          style={{ width: 64 }}
        />
        {t('stage.every_days')}
      </Flex>
      {timeline(stage).map(({ day, pieces }) => (
        <div key={day} className="stage-day">
          <div className="stage-day-name">{t('stage.day', { day })}</div>
          {pieces.map((piece) => (
            <Row
              key={piece.id}
              piece={piece}
              faults={told(stage.id, piece.id, null)}
              open={() => open({ stage: stage.id, piece: piece.id })}
            />
          ))}
        </div>
      ))}
      <Button block type="dashed" icon={<PlusOutlined />} onClick={addPiece} style={{ marginTop: 12 }}>
        {t('stage.add_piece')}
      </Button>
    </Card>
  )
}

function Row({ piece, faults, open }: { piece: Piece; faults: string[]; open: () => void }) {
  const t = useSay()
  const title = piece.title || piece.text || piece.content || t('stage.unwritten')
  return (
    <div className="stage-piece" data-fault={faults.length > 0}>
      <span className="stage-hour">{hourOf(t, piece)}</span>
      <div style={{ minWidth: 0, flex: 1 }}>
        <button type="button" className="stage-title" onClick={open}>
          {title}
        </button>
        <Flex gap={4} wrap>
          {piece.routes.map(routeName).map((route) => (
            <Tag key={route}>{t(`route.${route}`)}</Tag>
          ))}
          {piece.days_off && <Tag>{t(`days_off.${piece.days_off}`)}</Tag>}
        </Flex>
        <Faults texts={faults} />
      </div>
    </div>
  )
}

export function Faults({ texts }: { texts: string[] }) {
  return texts.map((text) => (
    <div key={text} className="stage-fault" role="alert">
      {text}
    </div>
  ))
}

/** The faults at a place, in words. */
export function faultsAt(
  faults: { field: string; message: string }[],
  word: (rest: string, message: string) => string,
): (stage: string, piece: string | null, rule: number | null) => string[] {
  return (stage, piece, rule) => [
    ...new Set(
      faults
        .filter((one) => {
          const at = place(one.field)
          return at !== null && at.stage === stage && at.piece === piece && at.rule === rule
        })
        .map((one) => word(place(one.field)?.rest ?? '', one.message)),
    ),
  ]
}
