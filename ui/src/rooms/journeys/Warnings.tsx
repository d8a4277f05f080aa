import { NeedsArchive, type Unseen } from '@/rooms/segments/NeedsArchive'
import { type Say, useSay } from '@/shared/say'
import type { Warned } from './draft'
import type { StageJourney } from './stages'

/** What a journey will not do as its author may think; `of` says where, when that does not show. */
export function Warnings({ warned, of }: { warned: Warned[]; of?: (field: string) => string }) {
  const told = new Map(warned.map((one) => [`${of?.(one.field) ?? ''} ${one.message}`, one]))
  return [...told].map(([key, one]) => (
    <div key={key}>
      {of && <b>{of(one.field)}</b>}
      {one.code === 'same_day' ? (
        <SameDay {...(one.detail as unknown as Crowded)} />
      ) : (
        <NeedsArchive {...(one.detail as unknown as Unseen)} />
      )}
    </div>
  ))
}

interface Crowded {
  days: { day: string; entered: string; pieces: string[] }[]
  more: number
}

/** Days off move several pieces of a stage onto one day, where the caps of a day let some through. */
function SameDay({ days, more }: Crowded) {
  const t = useSay()
  return (
    <div className="cond-unseen" role="note">
      <b>{t('stage.same_day')}</b>
      {t('shared.colon')}
      {t('stage.same_day_means')}
      {days.map(({ day, entered, pieces }) => (
        <div key={day}>{t('stage.same_day_on', { day, entered, count: pieces.length })}</div>
      ))}
      {more > 0 && <div>{t('stage.same_day_more', { count: more })}</div>}
    </div>
  )
}

/** What a field outside of the stages is called: the entry, a goal, an exit rule. */
export function partOf(journey: StageJourney, field: string, say: Say): string {
  const [head, number] = field.split('.')
  const named = (list: unknown) => (list as Record<string, string>[] | undefined)?.[Number(number)]
  const one = named(head === 'goals' ? journey.goals : journey.exit_rules)
  if (head === 'entry') return say('stage.who')
  const called = one?.title ?? one?.name ?? one?.reason ?? field
  return say(head === 'goals' ? 'stage.goal' : 'stage.exit_rule', { called })
}
