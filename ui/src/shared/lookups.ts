import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, data } from '@/api/client'
import { useMay, useSession } from '@/app/session'

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

export function useAccounts() {
  const enabled = useMay('platforms.read')
  return useQuery({
    queryKey: ['accounts'],
    enabled,
    ...KEPT,
    queryFn: () => data(api.GET('/api/platforms/accounts')),
  })
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

export interface Names {
  account: (id: unknown) => string
  content: (id: unknown) => string
  journey: (id: unknown) => string
  segment: (id: unknown) => string
  tag: (id: unknown) => string
  staff: (id: unknown) => string
  attribute: (name: unknown) => string
}

/** What ids are called; an id that is not known (or may not be) is shown as #id. */
export function useNames(): Names {
  const { t } = useTranslation()
  const { data: me } = useSession()
  const accounts = new Map(useAccounts().data?.map((one) => [one.account_id, one.name]))
  const contents = new Map(useContents().data?.map((one) => [one.content_id, one.title]))
  const journeys = new Map(useJourneys().data?.map((one) => [one.journey_id, one.name]))
  const segments = new Map(useSegments().data?.map((one) => [one.segment_id, one.name]))
  const tags = new Map(useTags().data?.groups.flatMap((group) => group.tags.map((tag) => [tag.tag_id, tag.path])))
  const attributes = new Map(useAttributes().data?.map((one) => [one.name, one]))
  const of = (known: Map<number, string>) => (id: unknown) => known.get(Number(id)) ?? `#${String(id)}`
  return {
    account: of(accounts),
    content: of(contents),
    journey: of(journeys),
    segment: of(segments),
    tag: of(tags),
    staff: (id) => (me && String(me.staff_id) === String(id) ? me.name : t('source.staff', { id })),
    attribute: (name) => {
      const found = attributes.get(String(name))
      return t(`attribute.${String(name)}`, { defaultValue: found?.title ?? String(name) })
    },
  }
}
