import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { useMay, useSession } from '@/app/session'
import { type Say, useSay } from './say'
import { money, when } from './when'

/** Times that every customer has, beside the attributes. */
const OWN_TIMES = new Set(['created_at', 'last_activity_at'])
const KEPT = { staleTime: 60_000, retry: false }

/** The words of outreach's reasons in the language of the screen; an unknown code stands for itself. */
export function useReason(): (code: string) => string {
  const { i18n } = useTranslation()
  const enabled = useMay('outreach.read')
  const { data: reasons } = useQuery({
    queryKey: ['reasons'],
    enabled,
    ...KEPT,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => data(api.GET('/api/outreach/reasons')),
  })
  const known = new Map(reasons?.map((one) => [one.code, i18n.language === 'zh' ? one.zh : one.en]))
  return (code) => known.get(code) ?? code
}

/** What accounts, staff members and channels are called; whoever is signed in may know that. */
function useCalled() {
  const { data: me } = useSession()
  return useQuery({
    queryKey: ['called'],
    enabled: me != null,
    ...KEPT,
    queryFn: () => data(api.GET('/api/operation/names')),
  })
}

export function useAccounts() {
  return useCalled().data?.accounts
}

export function useStaff() {
  return useCalled().data?.staff
}

export function useChannels() {
  return useCalled().data?.channels
}

export function useTags() {
  const enabled = useMay('tags.read')
  return useQuery({ queryKey: ['tags'], enabled, ...KEPT, queryFn: () => data(api.GET('/api/tags')) })
}

export function useSegments() {
  const enabled = useMay('segments.read')
  return useQuery({
    queryKey: ['segments'],
    enabled,
    ...KEPT,
    staleTime: 5_000,
    queryFn: async () => (await data(api.GET('/api/segments'))).items,
  })
}

/** The ladder of the lifecycle. */
export function useLadder() {
  const enabled = useMay('lifecycle.read')
  return useQuery({
    queryKey: ['ladder'],
    enabled,
    ...KEPT,
    queryFn: () => data(api.GET('/api/lifecycle/ladder')),
  }).data
}

export function useJourneys(live = 0) {
  const enabled = useMay('journeys.read')
  return useQuery({
    queryKey: ['journeys'],
    enabled,
    ...KEPT,
    staleTime: 5_000,
    refetchInterval: live || false,
    queryFn: () => data(api.GET('/api/journeys')),
  })
}

/** The library's first 200 pieces, for names. */
interface TagGroup {
  name: string
  tags: { tag_id: number; path: string; retired: boolean; read_only: boolean }[]
}

/** The tags that may be given (or, to be taken off, retired ones too), by group: not those that only a platform gives.
 * The tag that was chosen before stays in the list. */
export function settable(groups: TagGroup[], { retired = false, kept }: { retired?: boolean; kept?: number } = {}) {
  return groups
    .map((group) => ({
      label: group.name,
      options: group.tags
        .filter((tag) => tag.tag_id === kept || (!tag.read_only && (retired || !tag.retired)))
        .map((tag) => ({ value: tag.tag_id, label: tag.path })),
    }))
    .filter((group) => group.options.length > 0)
}

export function useContents() {
  const enabled = useMay('content.read')
  return useQuery({
    queryKey: ['contents', 'names'],
    enabled,
    ...KEPT,
    queryFn: async () => (await data(api.GET('/api/content', { params: { query: { limit: 200 } } }))).items,
  })
}

export function useAttributes() {
  const enabled = useMay('customers.read')
  return useQuery({
    queryKey: ['attributes'],
    enabled,
    ...KEPT,
    queryFn: () => data(api.GET('/api/customers/attributes')),
  })
}

/** What a goal or rule of a journey is called: by its title, else by what its key commonly means, else by the key. */
export function ruleWord(t: Say, titles: Record<string, string>, key: string): string {
  if (titles[key]) return titles[key]
  const plain = key.slice(key.indexOf(':') + 1)
  return t(`rule.${plain}`, { defaultValue: plain })
}

export interface Names {
  account: (id: unknown) => string
  content: (id: unknown) => string
  journey: (id: unknown) => string
  segment: (id: unknown) => string
  tag: (id: unknown) => string
  staff: (id: unknown) => string
  /** A staff member by the WeCom userid. */
  contact: (userid: unknown) => string
  /** A level of the lifecycle by its key. */
  level: (key: unknown) => string
  channel: (id: unknown) => string
  /** A stage of a journey by its key. */
  stage: (journey: unknown, key: unknown) => string
  /** A goal (`goal:NAME`), exit rule (`end:REASON`) or rule of stages (`move:REASON`) of a journey. */
  rule: (journey: unknown, key: string) => string
  attribute: (name: unknown) => string
  /** A value of an attribute as people say it. */
  value: (attribute: unknown, value: unknown) => string
}

/** What ids are called; an id that is not known (or may not be) is shown as #id. */
export function useNames(): Names {
  const { t, i18n } = useTranslation()
  const say = useSay()
  const { data: me } = useSession()
  const accounts = new Map(useAccounts()?.map((one) => [one.account_id, one.name]))
  const contents = new Map(useContents().data?.map((one) => [one.content_id, one.title]))
  // Inside 《》 a title's own marks are written 〈〉.
  const title = (id: unknown) => {
    const known = of(contents)(id)
    return i18n.language === 'zh' ? known.replaceAll('《', '〈').replaceAll('》', '〉') : known
  }
  // By their ids, and by the keys that changes of theirs are signed with.
  const journeys = new Map(
    useJourneys().data?.flatMap((one) => [
      [String(one.journey_id), one],
      [one.key, one],
    ]),
  )
  const channels = new Map(useChannels()?.map((one) => [one.channel_id, one.name]))
  const segments = new Map(useSegments().data?.map((one) => [one.segment_id, one.name]))
  const tags = new Map(useTags().data?.groups.flatMap((group) => group.tags.map((tag) => [tag.tag_id, tag.path])))
  const members = useStaff()
  const staff = new Map(members?.map((one) => [one.staff_id, one.name]))
  const levels = new Map(useLadder()?.levels.map((one) => [one.key, one.name]))
  const contacts = new Map(members?.map((one) => [one.userid, one.name]))
  const attributes = new Map(useAttributes().data?.map((one) => [one.name, one]))
  const of = (known: Map<number, string>) => (id: unknown) => known.get(Number(id)) ?? `#${String(id)}`
  const names: Names = {
    account: of(accounts),
    content: title,
    journey: (id) => journeys.get(String(id))?.name ?? `#${String(id)}`,
    channel: of(channels),
    stage: (journey, key) =>
      journeys.get(String(journey))?.stages.find((one) => one.id === key)?.name ?? String(key ?? '…'),
    rule: (journey, key) => ruleWord(say, journeys.get(String(journey))?.titles ?? {}, key),
    segment: of(segments),
    tag: of(tags),
    staff: (id) =>
      me && String(me.staff_id) === String(id) ? me.name : (staff.get(Number(id)) ?? t('source.staff', { id })),
    level: (key) => levels.get(String(key)) ?? String(key),
    contact: (userid) => contacts.get(String(userid)) ?? String(userid),
    attribute: (name) => {
      const found = attributes.get(String(name))
      return t(`attribute.${String(name)}`, { defaultValue: found?.title ?? String(name) })
    },
    value: (name, value) => {
      const type = attributes.get(String(name))?.type ?? (OWN_TIMES.has(String(name)) ? 'time' : 'text')
      if (value === null || value === undefined || value === '') return '—'
      if (type === 'bool') return t(value === true || value === 'true' ? 'value.true' : 'value.false')
      if (type === 'time') return when(String(value))
      if (type === 'money') return money(Number(value), 'CNY')
      if (type === 'enum') return t(`${String(name)}.${String(value)}`, { defaultValue: String(value) })
      if (name === 'owner_id') return names.staff(value)
      return String(value)
    },
  }
  return names
}
