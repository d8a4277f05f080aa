import { SearchOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import { Flex, Input, Segmented, Select, Typography } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useAccounts, useSegments, useStaff, useTags } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { type CustomersSearch, inAddress, tagsOf } from './address'
import { arrival } from './events'

const PAUSE = 250

/** `replace`: the step back shall not go through every letter. */
export type Narrow = (change: Partial<CustomersSearch>, replace?: boolean) => void

function useSources() {
  const enabled = useMay('segments.read')
  return useQuery({
    queryKey: ['sources'],
    enabled,
    staleTime: 60_000,
    retry: false,
    queryFn: async () => (await data(api.GET('/api/segments/sources'))).items,
  })
}

/** What the list is narrowed to: every part stands in the address. */
export function Filters({ search, narrow }: { search: CustomersSearch; narrow: Narrow }) {
  const t = useSay()
  const segments = useSegments().data ?? []
  const staff = (useStaff() ?? []).filter((one) => one.userid !== null)
  return (
    <Flex wrap gap={8} role="search" aria-label={t('customers.filters')}>
      <Words search={search} narrow={narrow} />
      <Select
        allowClear
        showSearch={{ optionFilterProp: 'label' }}
        placeholder={t('customers.segment')}
        aria-label={t('customers.segment')}
        value={search.segment}
        onChange={(segment) => narrow({ segment })}
        style={{ width: 136 }}
        popupMatchSelectWidth={false}
        options={segments.map((one) => ({ value: one.segment_id, label: one.name, people: one.size }))}
        optionRender={({ data: one }) => <Counted label={one.label} people={one.people} />}
      />
      <TagFilter search={search} narrow={narrow} />
      <SourceFilter search={search} narrow={narrow} />
      <Select
        allowClear
        showSearch={{ optionFilterProp: 'label' }}
        placeholder={t('customers.staff')}
        aria-label={t('customers.staff')}
        value={search.staff}
        onChange={(userid) => narrow({ staff: userid })}
        style={{ width: 104 }}
        options={staff.map((one) => ({ value: one.userid ?? '', label: one.name }))}
      />
      <FollowFilter search={search} narrow={narrow} />
      <Select
        allowClear
        placeholder={t('customers.pushes')}
        aria-label={t('customers.pushes')}
        value={search.pushes}
        onChange={(pushes) => narrow({ pushes })}
        style={{ width: 104 }}
        options={(['in', 'out'] as const).map((value) => ({ value, label: t(`customers.pushes.${value}`) }))}
      />
    </Flex>
  )
}

/** In which order people are listed. */
export function SortBy({ search, narrow }: { search: CustomersSearch; narrow: Narrow }) {
  const t = useSay()
  return (
    <Select<'name' | 'activity' | 'created'>
      aria-label={t('shared.sort')}
      value={search.sort ?? 'name'}
      onChange={(sort) => narrow({ sort: sort === 'name' ? undefined : sort })}
      style={{ width: 140 }}
      options={(['name', 'activity', 'created'] as const).map((value) => ({
        value,
        label: t(`customers.sort.${value}`),
      }))}
    />
  )
}

/** Typing searches after a pause; the step back and links bring their own words. */
function Words({ search, narrow }: { search: CustomersSearch; narrow: Narrow }) {
  const t = useSay()
  const asked = search.q ?? ''
  const [typed, setTyped] = useState(asked)
  const sent = useRef(asked)
  useEffect(() => {
    if (asked === sent.current) return
    sent.current = asked
    setTyped(asked)
  }, [asked])
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts a search, navigation does not
  useEffect(() => {
    if (typed === sent.current) return
    const timer = setTimeout(() => {
      sent.current = typed
      narrow({ q: typed || undefined }, true)
    }, PAUSE)
    return () => clearTimeout(timer)
  }, [typed])
  return (
    <Input
      allowClear
      prefix={<SearchOutlined />}
      aria-label={t('shared.search')}
      placeholder={t('customers.search')}
      value={typed}
      maxLength={64}
      onChange={(event) => setTyped(event.target.value)}
      style={{ width: 236, maxWidth: '100%' }}
    />
  )
}

function Counted({ label, people }: { label: unknown; people: number }) {
  return (
    <Flex justify="space-between" gap={16}>
      <span>{String(label)}</span>
      <Typography.Text type="secondary">{number(people)}</Typography.Text>
    </Flex>
  )
}

function TagFilter({ search, narrow }: { search: CustomersSearch; narrow: Narrow }) {
  const t = useSay()
  const groups = useTags().data?.groups ?? []
  const carried = new Map(groups.flatMap((group) => group.tags.map((tag) => [tag.tag_id, tag.customers])))
  const chosen = tagsOf(search)
  return (
    <Select
      mode="multiple"
      allowClear
      maxTagCount="responsive"
      placeholder={t('customers.tag')}
      aria-label={t('customers.tag')}
      notFoundContent={t('form.no_tags')}
      value={chosen}
      onChange={(tags: number[]) => narrow({ tag: inAddress(tags), tags: tags.length > 1 ? search.tags : undefined })}
      optionFilterProp="label"
      style={{ width: 160 }}
      popupMatchSelectWidth={false}
      options={groups
        .filter((group) => group.tags.length > 0)
        .map((group) => ({
          label: group.name,
          options: group.tags.map((tag) => ({ value: tag.tag_id, label: tag.path })),
        }))}
      optionRender={({ value, label }) => <Counted label={label} people={carried.get(Number(value)) ?? 0} />}
      popupRender={(menu) => (
        <>
          {chosen.length > 1 && (
            <Segmented<'all' | 'any'>
              block
              size="small"
              aria-label={t('form.match')}
              value={search.tags ?? 'all'}
              onChange={(match) => narrow({ tags: match === 'any' ? 'any' : undefined })}
              options={(['all', 'any'] as const).map((value) => ({ value, label: t(`form.match.${value}`) }))}
              style={{ margin: 4 }}
            />
          )}
          {menu}
        </>
      )}
    />
  )
}

function SourceFilter({ search, narrow }: { search: CustomersSearch; narrow: Narrow }) {
  const t = useSay()
  const sources = useSources().data ?? []
  const ways = [...new Set(sources.map((one) => one.via))]
  const value = search.source
  const known = [
    ...ways.map((via) => ({
      label: arrival(via, t),
      options: [
        { value: via, label: t('customers.any_code', { via: arrival(via, t) }) },
        ...sources
          .filter((one) => one.via === via && one.code !== '')
          .map((one) => ({ value: `${via}/${one.code}`, label: arrival(`${via}/${one.code}`, t) })),
      ],
    })),
  ]
  const listed = value === undefined || known.some((group) => group.options.some((one) => one.value === value))
  return (
    <Select
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      placeholder={t('customers.source')}
      aria-label={t('customers.source')}
      value={value}
      onChange={(source) => narrow({ source })}
      style={{ width: 136 }}
      popupMatchSelectWidth={false}
      options={listed ? known : [{ label: '', options: [{ value, label: arrival(value, t) }] }, ...known]}
    />
  )
}

/** Whether somebody follows an account now, did once, or never did; of one account when one is chosen. */
function FollowFilter({ search, narrow }: { search: CustomersSearch; narrow: Narrow }) {
  const t = useSay()
  const accounts = useAccounts() ?? []
  const state = search.follow ?? (search.account === undefined ? undefined : 'now')
  return (
    <>
      <Select
        allowClear
        placeholder={t('customers.follow')}
        aria-label={t('customers.follow')}
        value={state}
        onChange={(follow) => narrow(follow ? { follow } : { follow: undefined, account: undefined })}
        style={{ width: 112 }}
        options={(['now', 'lost', 'never'] as const).map((value) => ({ value, label: t(`customers.follow.${value}`) }))}
      />
      {state && (
        <Select
          allowClear
          placeholder={t('customers.any_account')}
          aria-label={t('customers.account')}
          value={search.account}
          onChange={(account) => narrow({ account, follow: state })}
          style={{ width: 128 }}
          popupMatchSelectWidth={false}
          options={accounts.map((one) => ({ value: one.account_id, label: one.name }))}
        />
      )}
    </>
  )
}
