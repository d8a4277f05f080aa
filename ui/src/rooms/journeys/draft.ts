import type { components } from '@/api/schema'
import type { EnterRule, Piece, Stage, StageJourney } from './stages'

export interface Fault {
  field: string
  message: string
}

/** What the server warns of in a sound journey, or beside the faults of a draft. */
export type Warned = components['schemas']['WarningBody']

/** A stage journey to begin with: three stages, the first with one piece. */
export function emptyJourney(names: string[], hello: string): StageJourney {
  const stages = names.map((name, place): Stage => ({ id: `stage-${place + 1}`, name, pieces: [] }))
  const first = stages[0]
  if (first) first.pieces = [newPiece(stages, first, hello)]
  return { key: `stages-${Date.now().toString(36)}`, name: '', mode: 'customer_pool', entry: {}, stages }
}

export const RANKS = ['high', 'middle', 'low'] as const
export type Rank = (typeof RANKS)[number]
/** The priority that each rank stands for; the middle is what a journey has that names none. */
export const PRIORITIES: Record<Rank, number | undefined> = { high: 8, middle: undefined, low: 2 }

/** Which rank a priority of 1 to 9 belongs to. */
export function rankOf({ priority = 5 }: StageJourney): Rank {
  if (priority > 5) return 'high'
  return priority < 5 ? 'low' : 'middle'
}

/** A name that neither a stage nor a piece has yet. */
function free(stages: Stage[], stem: string): string {
  const taken = new Set(
    stages.flatMap((stage) => [stage.id, `${stage.id}_rest`, ...(stage.pieces ?? []).map((one) => one.id)]),
  )
  for (let n = 1; ; n += 1) if (!taken.has(`${stem}-${n}`)) return `${stem}-${n}`
}

/** A new piece of a stage: in the evening, by the routes of the piece before it. */
export function newPiece(stages: Stage[], stage: Stage, text: string): Piece {
  const routes = stage.pieces?.at(-1)?.routes ?? ['wecom_group_send']
  return { id: free(stages, stage.id.slice(0, 28)), text, part: 'evening', routes }
}

export function newStage(stages: Stage[], name: string): Stage {
  return { id: free(stages, 'stage'), name, pieces: [] }
}

function changed(journey: StageJourney, id: string, change: (stage: Stage) => Stage): StageJourney {
  return { ...journey, stages: journey.stages.map((stage) => (stage.id === id ? change(stage) : stage)) }
}

export function setStage(journey: StageJourney, id: string, values: Partial<Stage>): StageJourney {
  return changed(journey, id, (stage) => ({ ...stage, ...values }))
}

/** Put a piece in the place of the one with its id, or behind all others. */
export function setPiece(journey: StageJourney, id: string, piece: Piece): StageJourney {
  return changed(journey, id, (stage) => {
    const pieces = stage.pieces ?? []
    const known = pieces.some((one) => one.id === piece.id)
    return { ...stage, pieces: known ? pieces.map((one) => (one.id === piece.id ? piece : one)) : [...pieces, piece] }
  })
}

export function dropPiece(journey: StageJourney, id: string, piece: string): StageJourney {
  return changed(journey, id, (stage) => ({ ...stage, pieces: stage.pieces?.filter((one) => one.id !== piece) }))
}

export function setRule(journey: StageJourney, id: string, place: number, rule: EnterRule | null): StageJourney {
  return changed(journey, id, (stage) => {
    const enter = [...(stage.enter ?? [])]
    if (rule === null) enter.splice(place, 1)
    else enter[place] = rule
    return { ...stage, enter }
  })
}

/** Let a stage change its place; rules keep the stages that they name. */
export function shift(journey: StageJourney, id: string, by: number): StageJourney {
  const stages = [...journey.stages]
  const at = stages.findIndex((stage) => stage.id === id)
  const [stage] = stages.splice(at, 1)
  if (stage) stages.splice(at + by, 0, stage)
  return { ...journey, stages }
}

/** Without a stage, and without rules that lead from nowhere else. */
export function dropStage(journey: StageJourney, id: string): StageJourney {
  const stages = journey.stages
    .filter((stage) => stage.id !== id)
    .map((stage) => ({
      ...stage,
      enter: (stage.enter ?? [])
        .map((rule) => (rule.from ? { ...rule, from: rule.from.filter((one) => one !== id) } : rule))
        .filter((rule) => rule.from === undefined || rule.from.length > 0),
    }))
  return { ...journey, stages }
}

function filled(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
}

/** The journey as the API takes it: what is empty is left out, of pieces and rules as of the head. */
export function tidy(journey: StageJourney): StageJourney {
  const lean = <T extends object>(given: T): T =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => filled(value))) as T
  const stages = journey.stages.map((stage) =>
    lean({ ...stage, pieces: stage.pieces?.map(lean), enter: stage.enter?.map(lean) }),
  )
  return { ...lean(journey), entry: lean(journey.entry), stages }
}
