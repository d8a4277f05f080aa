/** One test of one property of an event, as a row of the form. */
export interface Test {
  property: string
  op: string
  value: unknown
}

export const TESTS = ['eq', 'ne', 'in', 'contains', 'starts', 'ge', 'gt', 'le', 'lt', 'exists']
export const NUMERIC = ['ge', 'gt', 'le', 'lt']

/** The properties that Siyu's own events carry and people ask about. */
export const PROPERTIES: Record<string, string[]> = {
  message_received: ['text'],
  menu_clicked: ['key'],
  qr_scanned: ['scene'],
  page_read: ['page', 'ms'],
  content_viewed: ['page'],
  web_visited: ['url', 'title'],
  order_placed: ['amount', 'order_no'],
  order_paid: ['amount', 'order_no'],
  delivery_not_sent: ['reason', 'route'],
  delivery_failed: ['reason', 'route'],
}

type Where = Record<string, unknown>

/** A plain value is a test of being equal; null stands for an operator that is not given. */
export function testsOf(where: unknown): Test[] {
  return Object.entries((where ?? {}) as Where).flatMap(([property, test]) =>
    typeof test === 'object' && test !== null
      ? Object.entries(test)
          .filter(([, value]) => value !== null && value !== undefined)
          .map(([op, value]) => ({ property, op, value }))
      : [{ property, op: 'eq', value: test }],
  )
}

/** The tests as the API takes them; undefined without any. */
export function whereOf(tests: Test[]): Where | undefined {
  const where: Record<string, Record<string, unknown>> = {}
  for (const { property, op, value } of tests) where[property] = { ...where[property], [op]: value }
  return tests.length ? where : undefined
}

/** Whether a test still lacks its property or its value. */
export function unfinishedTest({ property, op, value }: Test): boolean {
  if (!property) return true
  if (op === 'exists') return false
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
}

/** What was typed as the value of a test: of the type that the value had, or a number where only numbers compare. */
export function typed(text: string, kind: 'text' | 'number' | 'bool'): unknown {
  if (kind === 'bool') return text === 'true'
  if (kind === 'text' || text.trim() === '') return text
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}
