import type { components } from '@/api/schema'

export type LadderBody = components['schemas']['LadderBody']
type Level = components['schemas']['LevelBody']

/** How a level is reached: by points, by being in a segment, or only by hand. */
export type How = 'points' | 'segment' | 'hand'

export interface Rung {
  /** Missing of a level that is not saved yet. */
  key?: string
  name?: string
  how: How
  points?: number | null
  segment_id?: number | null
}

export interface Draft {
  levels: Rung[]
  decays: boolean
  half_life_days: number | null
  margin: number | null
}

export function draftOf(ladder: LadderBody): Draft {
  return {
    levels: ladder.levels.map(({ key, name, points, segment_id }) => ({
      key,
      name,
      points,
      segment_id,
      how: points != null ? 'points' : segment_id != null ? 'segment' : 'hand',
    })),
    decays: ladder.half_life_days !== null,
    half_life_days: ladder.half_life_days ?? 30,
    margin: ladder.margin,
  }
}

/** What is saved: only what belongs to how a level is reached; the first is everybody's; new levels get a key. */
export function ladderOf(draft: Draft): { levels: Level[]; half_life_days: number | null; margin: number } {
  const taken = new Set(draft.levels.map((one) => one.key))
  let number = 1
  const levels = draft.levels.map((one, place): Level => {
    while (one.key === undefined && taken.has(`level_${number}`)) number += 1
    const key = one.key ?? `level_${number}`
    taken.add(key)
    const how = place === 0 ? 'hand' : one.how
    return {
      key,
      name: one.name?.trim() ?? '',
      points: how === 'points' ? (one.points ?? null) : null,
      segment_id: how === 'segment' ? (one.segment_id ?? null) : null,
    }
  })
  return { levels, half_life_days: draft.decays ? draft.half_life_days : null, margin: draft.margin ?? 0 }
}

/** The places of levels whose points are not above those of every level below. */
export function notRising(levels: (Rung | undefined)[]): number[] {
  let highest = 0
  return levels.flatMap((one, place) => {
    if (place === 0 || one?.how !== 'points' || one.points == null) return []
    if (one.points <= highest) return [place]
    highest = one.points
    return []
  })
}
