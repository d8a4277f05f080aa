/** What the list of customers is narrowed to; it stands in the address (docs/conditions.md), so that it can be sent. */
export interface CustomersSearch {
  q?: string
  sort?: 'created' | 'activity'
  segment?: number
  tag?: number | number[]
  tags?: 'any'
  /** A way, or a way and a code: `oa_scene/expo2026`. */
  source?: string
  /** A WeCom userid. */
  staff?: string
  follow?: 'now' | 'lost' | 'never'
  account?: number
  pushes?: 'in' | 'out'
  region?: string
  /** Any other condition. */
  where?: Record<string, unknown>
}

export type Condition = Record<string, unknown>

function one<T extends string>(given: unknown, known: readonly T[]): T | undefined {
  return known.find((word) => word === given)
}

function id(given: unknown): number | undefined {
  return typeof given === 'number' && Number.isInteger(given) && given > 0 ? given : undefined
}

function text(given: unknown): string | undefined {
  const word = typeof given === 'string' || typeof given === 'number' ? String(given) : ''
  return word || undefined
}

/** The tags of an address: none, one or several. */
export function tagsOf(search: CustomersSearch): number[] {
  return search.tag === undefined ? [] : Array.isArray(search.tag) ? search.tag : [search.tag]
}

/** Tags as they stand in the address. */
export function inAddress(tags: number[]): CustomersSearch['tag'] {
  return tags.length > 1 ? tags : tags[0]
}

/** Reads an address; what it does not know is left out. */
export function readAddress(given: Record<string, unknown>): CustomersSearch {
  const tags = (Array.isArray(given.tag) ? given.tag : [given.tag]).map(id).filter((tag) => tag !== undefined)
  return {
    q: text(given.q),
    sort: one(given.sort, ['created', 'activity']),
    segment: id(given.segment),
    tag: inAddress(tags),
    tags: one(given.tags, ['any']),
    source: text(given.source),
    staff: text(given.staff),
    follow: one(given.follow, ['now', 'lost', 'never']),
    account: id(given.account),
    pushes: one(given.pushes, ['in', 'out']),
    region: text(given.region),
    where:
      typeof given.where === 'object' && given.where !== null && !Array.isArray(given.where)
        ? (given.where as Condition)
        : undefined,
  }
}

function followed({ follow, account }: CustomersSearch): Condition[] {
  if (follow === undefined && account === undefined) return []
  const leaf = { kind: 'account', ...(account === undefined ? {} : { account_id: account }) }
  const lost = { ...leaf, following: false, lost: true }
  if (follow === 'lost') return [lost]
  if (follow === 'never') return [{ ...leaf, following: false }, { not: lost }]
  return [leaf]
}

/** The filter as a condition; the search text is no part of it. Without a filter it means everybody. */
export function conditionOf(search: CustomersSearch): { all: Condition[] } {
  const tags = tagsOf(search)
  const [via, ...code] = search.source?.split('/') ?? []
  const parts: Condition[] = []
  if (search.segment !== undefined) parts.push({ kind: 'segment', segment: search.segment })
  if (tags.length === 1) parts.push({ kind: 'tag', tag: tags[0] })
  if (tags.length > 1) parts.push({ kind: 'tag', tag: tags, match: search.tags ?? 'all' })
  if (via) parts.push({ kind: 'source', via: [via], ...(code.length ? { code: [code.join('/')] } : {}) })
  if (search.staff) parts.push({ kind: 'follow', staff: [search.staff] })
  parts.push(...followed(search))
  if (search.pushes) parts.push({ kind: 'pushes', ...(search.pushes === 'out' ? { wanted: false } : {}) })
  if (search.region) parts.push({ kind: 'attribute', name: 'region', op: 'eq', value: search.region })
  if (search.where) parts.push(search.where)
  return { all: parts }
}

/** The condition of the people who are listed: by latest activity only those who ever did something. */
export function listedBy(search: CustomersSearch): { all: Condition[] } {
  const { all } = conditionOf(search)
  const active = { kind: 'attribute', name: 'last_activity_at', op: 'exists' }
  return { all: search.sort === 'activity' ? [...all, active] : all }
}

/** The address without its filters; search text and order stay. */
export function unfiltered({ q, sort }: CustomersSearch): CustomersSearch {
  return { q, sort }
}
