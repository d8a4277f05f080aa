import type { Say } from '@/shared/say'
import { type DeskTask, span } from './desk'

/** What is to be known of a task in its state. */
export function told(t: Say, task: DeskTask, now: string): string[] {
  const moments = task.route === 'moments'
  if (task.state === 'planned') {
    const left = span(now, task.at)
    if (!left) return [t(moments ? 'pushdesk.soon_moments' : 'pushdesk.soon')]
    return [t(moments ? 'pushdesk.in_moments' : 'pushdesk.in', { span: spoken(t, left) })]
  }
  if (task.state === 'open') {
    const left = span(now, task.expires_at)
    return [
      left ? t('pushdesk.expires', { span: spoken(t, left) }) : t('pushdesk.overdue'),
      ...(task.reminders ? [t('pushdesk.reminded', { count: task.reminders })] : []),
    ]
  }
  if (task.state === 'confirmed' || task.state === 'done')
    return [
      t(moments ? 'pushdesk.shown' : 'pushdesk.reached', { done: task.received, total: task.recipients }),
      ...missed(t, task),
    ]
  // What a withdrawn task did not bring is told by its state.
  return task.state === 'cancelled' || task.state === 'expired' ? [] : missed(t, task)
}

/** Who was not reached, and of whom nobody can say. */
export function missed(t: Say, some: { failed: number; unknown: number }): string[] {
  return [
    ...(some.failed ? [t('pushdesk.missed', { count: some.failed })] : []),
    ...(some.unknown ? [t('pushdesk.unknown', { count: some.unknown })] : []),
  ]
}

export function spoken(t: Say, left: { hours: number; minutes: number }): string {
  return left.hours ? t('pushdesk.hours', left) : t('pushdesk.only_minutes', { minutes: left.minutes })
}

export function said(t: Say, seconds: number): string {
  const minutes = Math.round(seconds / 60)
  return spoken(t, { hours: Math.floor(minutes / 60), minutes: minutes % 60 })
}

const FIELD = /\{\{\s*([a-z][a-z0-9_]*)(?::([a-z0-9][a-z0-9-]*))?\s*(?:\|([^{}]*))?\}\}/g

/** A task's text as its reader says it: links by the titles of their pages, attributes by their default or title. */
export function readable(t: Say, task: Pick<DeskTask, 'says' | 'links'>, attribute: (name: string) => string): string {
  return task.says.replace(FIELD, (_, name: string, key?: string, instead?: string) => {
    if (name !== 'link') return instead || t('pushdesk.attribute', { title: attribute(name) })
    return key ? t('pushdesk.link', { title: task.links[key] ?? key }) : t('pushdesk.own_link')
  })
}
