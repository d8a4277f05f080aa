import type { components } from '@/api/schema'
import { ruleWord } from '@/shared/lookups'
import type { Say } from '@/shared/say'
import type { Wave } from './useWave'

export type Sends = components['schemas']['StepCountBody']

/** A count of the wave that an operator follows to its people. */
export type Look =
  | { kind: 'members'; node?: string; stage?: string; active?: boolean; reason?: string }
  | { kind: 'edge'; source: string | null; edge: string; target: string }
  | { kind: 'goal'; name: string }
  | { kind: 'sends'; sends: Sends }

export function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, one) => total + one, 0)
}

/** How many people the wave counts now where somebody looks. */
export function counted(wave: Wave, look: Look): number {
  if (look.kind === 'sends') return look.sends.requests
  if (look.kind === 'goal') return wave.goals[look.name] ?? 0
  if (look.kind === 'edge') {
    const { source, edge, target } = look
    return wave.edges.find((one) => one.source === source && one.edge === edge && one.target === target)?.count ?? 0
  }
  if (look.stage !== undefined) {
    const inside = wave.nodes.filter((one) => one.stage === look.stage)
    return inside.reduce((total, one) => total + one.here, 0)
  }
  const step = wave.nodes.find((one) => one.id === look.node)
  const ended = step ? step.ended : wave.ended
  if (look.active) return step ? step.here : wave.active
  if (look.reason !== undefined) return ended[look.reason] ?? 0
  return look.active === false ? sum(ended) : wave.entered
}

/** What a step is called. */
export function titleOf(wave: Wave, id: string): string {
  return wave.nodes.find((one) => one.id === id)?.title || id
}

/** What an edge means: of an awaited event, what happened. */
export function edgeWord(t: Say, wave: Wave, source: string | null, edge: string): string {
  if (edge.startsWith('move:') && edge !== 'move:by_hand') {
    return t('edge.move', { reason: ruleWord(t, wave.titles, edge) })
  }
  const awaited = edge === 'happened' ? wave.nodes.find((one) => one.id === source)?.awaits : null
  const plain = t(`edge.${edge}`, { defaultValue: edge })
  return awaited ? t(`edge.happened.${awaited}`, { defaultValue: plain }) : plain
}

const OWN = new Set(['completed', 'stopped', 'merged', 'erased', 're_entered'])

/** Why a journey ended: in the words of its exit step, of its goal, or of the engine. */
export function endingWord(t: Say, wave: Wave, reason: string): string {
  if (OWN.has(reason)) return t(`ended.${reason}`)
  if (reason.startsWith('goal:')) return t('ended.goal_named', { name: ruleWord(t, wave.titles, reason) })
  const exit = wave.nodes.find((one) => one.kind === 'exit' && reason in one.ended && one.title !== one.id)
  if (exit?.title) return exit.title
  return reason === 'exit' ? t('ended.exit') : t('ended.rule', { reason: ruleWord(t, wave.titles, `end:${reason}`) })
}

/** What somebody looks at, in words. */
export function lookWord(t: Say, wave: Wave, look: Look, reason: (code: string) => string): string {
  if (look.kind === 'goal') return endingWord(t, wave, `goal:${look.name}`)
  if (look.kind === 'sends') {
    const { node, state, route, reason: code } = look.sends
    const parts = [
      titleOf(wave, node),
      t(`send.state.${state}`),
      route && t(`route.${route}`),
      code !== 'now' && reason(code),
    ]
    return parts.filter(Boolean).join(' · ')
  }
  if (look.kind === 'edge') {
    const word = edgeWord(t, wave, look.source, look.edge)
    const source = look.source === null ? '' : titleOf(wave, look.source)
    return `${[source, word].filter(Boolean).join(' · ')} → ${titleOf(wave, look.target)}`
  }
  if (look.stage !== undefined) return t('look.stage', { stage: titleOf(wave, look.stage) })
  if (look.node !== undefined && look.active) return t('look.here', { step: titleOf(wave, look.node) })
  if (look.reason !== undefined) return t('look.ended', { reason: endingWord(t, wave, look.reason) })
  return t(look.active === undefined ? 'wave.entered' : look.active ? 'wave.active' : 'wave.ended')
}
