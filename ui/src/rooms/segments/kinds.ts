import { THEMES } from '@/rooms/customers/events'

/** What people most often build conditions on comes first. */
export const EVENT_TYPES: string[] = [
  ...['message_received', 'form_submitted', 'link_clicked', 'page_read', 'content_viewed', 'downloaded'],
  ...Object.values(THEMES)
    .flat()
    .filter(
      (type) =>
        !['message_received', 'form_submitted', 'link_clicked', 'page_read', 'content_viewed', 'downloaded'].includes(
          type,
        ),
    ),
]

/** Operators of an attribute by its type, as docs/conditions.md says. */
export const OPERATORS: Record<string, string[]> = {
  text: ['eq', 'ne', 'in', 'contains', 'starts', 'exists'],
  enum: ['eq', 'ne', 'in', 'exists'],
  bool: ['eq', 'ne', 'exists'],
  int: ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'between', 'in', 'exists'],
  number: ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'between', 'in', 'exists'],
  money: ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'between', 'in', 'exists'],
  date: ['period', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'between', 'in', 'exists'],
  time: ['period', 'lt', 'le', 'gt', 'ge', 'between', 'exists'],
}
