/** Which events a rule looks at: types, content, properties; without empty parts, as the API takes it. */
export type Matcher = Record<string, unknown>

export function matcherOf(given: Matcher): Matcher {
  return Object.fromEntries(
    ['type', 'where', 'content'].filter((part) => given[part] !== undefined).map((part) => [part, given[part]]),
  )
}

/** The condition of those who did such a thing lately; null while nothing is chosen. */
export function lately(given: Matcher): Record<string, unknown> | null {
  return given.type ? { kind: 'event', ...matcherOf(given), within: '30d' } : null
}
