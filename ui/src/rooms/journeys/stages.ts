import { sum } from './looks'
import type { Wave } from './useWave'

export type Condition = Record<string, unknown>
export type RouteChoice = string | { route: string; [parameter: string]: unknown }
export interface Piece {
  id: string
  title?: string
  day?: number
  at?: string
  part?: string
  days_off?: string
  late?: string
  content?: string
  text?: string
  routes: RouteChoice[]
}
export interface EnterRule {
  reason: string
  title?: string
  when: Condition
  from?: string[]
  after?: string
}
export interface Stage {
  id: string
  name: string
  every?: number
  enter?: EnterRule[]
  pieces?: Piece[]
}
/** A stage journey as its file says it; what this screen does not edit is kept as it came. */
export interface StageJourney {
  key: string
  name: string
  mode?: string
  /** 1 to 9; 5 when it is left out. */
  priority?: number
  entry: { segment?: number | string; condition?: Condition; existing?: boolean; [field: string]: unknown }
  stages: Stage[]
  [field: string]: unknown
}

/** The first minutes of the day parts, as siyu/journeys/days.py has them. */
const STARTS: Record<string, number> = {
  weekend_morning: 420,
  morning: 480,
  noon: 720,
  after_work: 1080,
  evening: 1230,
}
export const PARTS = ['morning', 'noon', 'after_work', 'evening', 'weekend_morning']

function minute(piece: Piece): number {
  if (piece.part) return STARTS[piece.part] ?? 0
  const [hours, minutes] = (piece.at ?? '0:0').split(':')
  return Number(hours) * 60 + Number(minutes)
}

/** The day of each piece: one without a day comes `every` days after the piece above it. */
export function daysOf(stage: Stage): number[] {
  const every = stage.every ?? 1
  let day = 1 - every
  return (stage.pieces ?? []).map((piece) => {
    day = piece.day ?? day + every
    return day
  })
}

/** The pieces of a stage by day and hour. */
export function timeline(stage: Stage): { day: number; pieces: Piece[] }[] {
  const days = daysOf(stage)
  const placed = (stage.pieces ?? []).map((piece, place) => ({ piece, day: days[place] ?? 1 }))
  placed.sort((one, two) => one.day - two.day || minute(one.piece) - minute(two.piece))
  const found: { day: number; pieces: Piece[] }[] = []
  for (const { piece, day } of placed) {
    const last = found.at(-1)
    if (last?.day === day) last.pieces.push(piece)
    else found.push({ day, pieces: [piece] })
  }
  return found
}

export function routeName(choice: RouteChoice): string {
  return typeof choice === 'string' ? choice : choice.route
}

export interface Arrival {
  source: string
  edge: string
  target: string
  count: number
}

/** The edges by which people were moved into a stage, the most used first. */
export function arrivals(wave: Wave, stage: string): Arrival[] {
  return wave.edges
    .filter((edge) => edge.edge.startsWith('move:') && edge.target === stage && edge.count > 0)
    .map((edge) => ({ source: edge.source ?? '', edge: edge.edge, target: stage, count: edge.count }))
    .sort((one, two) => two.count - one.count)
}

/** How many were moved into a stage by each reason. */
export function moved(wave: Wave, stage: string): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { edge, count } of arrivals(wave, stage)) {
    const reason = edge.slice('move:'.length)
    found[reason] = (found[reason] ?? 0) + count
  }
  return found
}

export function movedInto(wave: Wave, stage: string): number {
  return sum(moved(wave, stage))
}

/** Which stage and piece a fault of the server names (`stages.keen.pieces.price.at`), and what is left of its path. */
export function place(
  field: string,
): { stage: string; piece: string | null; rule: number | null; rest: string } | null {
  const [head, stage, kind, which, ...rest] = field.split('.')
  if (head !== 'stages' || stage === undefined) return null
  if (kind === 'pieces' && which !== undefined) return { stage, piece: which, rule: null, rest: rest.join('.') }
  if (kind === 'enter' && which !== undefined) return { stage, piece: null, rule: Number(which), rest: rest.join('.') }
  return { stage, piece: null, rule: null, rest: kind ?? '' }
}
