import type { components } from '@/api/schema'
import type { Say } from '@/shared/say'
import { type Condition, type Speaking, speaking, spoken } from './drafts'

export type Greeting = components['schemas']['GreetingBody']
export type GreetingIn = components['schemas']['GreetingIn']
type Occasion = Greeting['occasion']
type Way = GreetingIn['ways'][number]
type Birthday = components['schemas']['BirthdayForm']

/** In the order of the year. */
export const FESTIVALS = [
  'new_year',
  'laba',
  'spring_eve',
  'spring',
  'lantern',
  'womens_day',
  'qingming',
  'labour_day',
  'childrens_day',
  'dragon_boat',
  'qixi',
  'teachers_day',
  'mid_autumn',
  'national_day',
  'double_ninth',
] as const
export const ROUTES = ['wecom_group_send', 'oa_custom', 'oa_template', 'oa_mass', 'kf'] as const
export const CALENDARS = ['solar', 'lunar', 'written_lunar'] as const

/** What the form of a greeting holds: every kind of occasion beside the others, of which `kind` chooses one. */
export interface GreetingDraft extends Speaking {
  name: string
  kind: Occasion['kind']
  attribute: string
  calendar: Birthday['calendar']
  lunar_if: string | null
  festival: (typeof FESTIVALS)[number]
  month: number
  day: number
  lunar: boolean
  at: string
  by: 'routes' | 'task'
  ways: Way[]
  condition: Condition
  active: boolean
}

export function greetingDraft(greeting: Greeting | null): GreetingDraft {
  const plain: GreetingDraft = {
    name: greeting?.name ?? '',
    kind: greeting?.occasion.kind ?? 'birthday',
    attribute: 'birthday',
    calendar: 'solar',
    lunar_if: null,
    festival: 'spring',
    month: 6,
    day: 18,
    lunar: false,
    at: greeting?.at ?? '09:00',
    by: greeting && greeting.ways.length === 0 ? 'task' : 'routes',
    ways: greeting?.ways ?? [],
    condition: greeting?.condition ?? null,
    active: greeting?.active ?? true,
    ...speaking(greeting ?? undefined),
  }
  return { ...plain, ...greeting?.occasion }
}

export function greetingOf(draft: GreetingDraft): GreetingIn {
  const task = draft.by === 'task'
  return {
    name: draft.name.trim(),
    occasion: occasionOf(draft),
    at: draft.at,
    ways: task
      ? []
      : draft.ways.map((way) => ({ ...way, template: way.route === 'oa_template' ? way.template?.trim() : null })),
    condition: draft.condition ?? null,
    active: draft.active,
    ...spoken(task ? { ...draft, said: 'text' } : draft),
  }
}

function occasionOf(draft: GreetingDraft): Occasion {
  if (draft.kind === 'festival') return { kind: 'festival', festival: draft.festival }
  if (draft.kind === 'date') return { kind: 'date', month: draft.month, day: draft.day, lunar: draft.lunar }
  const lunar_if = draft.calendar === 'solar' ? null : (draft.lunar_if ?? null)
  return { kind: 'birthday', attribute: draft.attribute, calendar: draft.calendar, lunar_if }
}

const MONTHS = '正二三四五六七八九十冬腊'
const TENS = ['初', '十', '廿', '三']
const DIGITS = '十一二三四五六七八九'

/** A lunar month and day as people write it: 八月十五, 腊月三十. */
export function lunarDay(month: number, day: number): string {
  const tens = day === 10 ? '初' : day === 20 ? '二' : (TENS[Math.floor(day / 10)] ?? '')
  return `${MONTHS[month - 1] ?? ''}月${tens}${DIGITS[day % 10] ?? ''}`
}

/** When a greeting comes, in words. */
export function occasionWord(t: Say, occasion: Occasion, attribute: (name: string) => string): string {
  if (occasion.kind === 'festival') return t(`greeting.festival.${occasion.festival}`)
  if (occasion.kind === 'date') {
    const { month, day } = occasion
    return t(occasion.lunar ? 'greeting.lunar_date' : 'greeting.solar_date', {
      month,
      day,
      moon: lunarDay(month, day),
    })
  }
  const title = attribute(occasion.attribute)
  if (occasion.calendar === 'solar') return t('greeting.birthday_of.solar', { title })
  if (occasion.lunar_if) return t('greeting.birthday_of.both', { title, by: attribute(occasion.lunar_if) })
  return t('greeting.birthday_of.lunar', { title })
}
