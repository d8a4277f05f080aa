import { Flex, Select, Typography } from 'antd'
import { useAttributes, useNames, useSegments, useTags } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useFaulty } from './faulty'
import type { LeafFormProps } from './LeafForm'
import { RangeForm, Span, WindowForm } from './parts'

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

export function TagForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const groups = useTags().data?.groups ?? []
  // A journey's file names a tag by its path.
  const known = new Map(groups.flatMap((group) => group.tags.map((tag) => [tag.path, tag.tag_id])))
  const chosen = list(leaf.tag).map((one) => known.get(String(one)) ?? Number(one))
  return (
    <>
      {chosen.length > 1 && (
        <Select
          aria-label={t('form.match')}
          value={String(leaf.match ?? 'any')}
          onChange={(match) => set({ ...leaf, match })}
          options={['any', 'all'].map((value) => ({ value, label: t(`form.match.${value}`) }))}
          style={{ width: 104 }}
        />
      )}
      <Select
        mode="multiple"
        aria-label={t('form.tag')}
        placeholder={t('form.tag')}
        notFoundContent={t('form.no_tags')}
        value={chosen}
        status={faulty('tag')}
        onChange={(tags) =>
          set({ ...leaf, tag: tags.length > 1 ? tags : tags[0], match: tags.length > 1 ? leaf.match : undefined })
        }
        options={groups.map((group) => ({
          label: group.name,
          options: group.tags.map((tag) => ({ value: tag.tag_id, label: tag.path })),
        }))}
        optionFilterProp="label"
        style={{ minWidth: 220 }}
      />
    </>
  )
}

export function SegmentForm({ leaf, set, self }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const segments = (useSegments().data ?? []).filter((one) => one.segment_id !== self)
  return (
    <Select
      showSearch={{ optionFilterProp: 'label' }}
      aria-label={t('form.segment')}
      placeholder={t('form.segment')}
      value={leaf.segment as number | undefined}
      status={faulty('segment')}
      onChange={(segment) => set({ ...leaf, segment })}
      options={segments.map((one) => ({ value: one.segment_id, label: one.name }))}
      style={{ minWidth: 220 }}
    />
  )
}

const WAYS = [
  ...['oa_scene', 'oa_follow', 'wecom_state', 'wecom_add', 'wecom_join', 'kf_scene', 'kf_enter'],
  ...['url', 'form', 'import'],
]

export function SourceForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  return (
    <>
      <Select
        aria-label={t('form.touch')}
        value={String(leaf.touch ?? 'first')}
        onChange={(touch) => set({ ...leaf, touch })}
        options={['first', 'latest'].map((value) => ({ value, label: t(`form.touch.${value}`) }))}
        style={{ width: 112 }}
      />
      <Select
        mode="multiple"
        aria-label={t('form.via')}
        placeholder={t('leaf.any_way')}
        value={list(leaf.via).map(String)}
        status={faulty('via')}
        onChange={(via) => set({ ...leaf, via: via.length ? via : undefined })}
        options={WAYS.map((value) => ({ value, label: t(`touch.${value}`) }))}
        style={{ minWidth: 160 }}
      />
      <Select
        mode="tags"
        open={false}
        aria-label={t('form.code')}
        placeholder={t('form.code')}
        suffixIcon={null}
        value={list(leaf.code).map(String)}
        status={faulty('code')}
        onChange={(code) => set({ ...leaf, code: code.length ? code : undefined })}
        style={{ minWidth: 180 }}
      />
      <WindowForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
    </>
  )
}

export function DateForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  const names = useNames()
  const dates = (useAttributes().data ?? []).filter((one) => one.type === 'date')
  const mode = leaf.today
    ? 'today'
    : leaf.age
      ? 'age'
      : leaf.days_until
        ? 'days_until'
        : leaf.month === 'current'
          ? 'current'
          : 'month'
  const name = leaf.name as string | undefined
  const turn = (next: string) =>
    set({
      kind: 'date',
      name,
      ...(next === 'today'
        ? { today: true }
        : next === 'current'
          ? { month: 'current' }
          : next === 'month'
            ? { month: [1] }
            : { [next]: { le: next === 'age' ? 30 : 7 } }),
    })
  return (
    <>
      <Select
        aria-label={t('form.attribute')}
        value={name ?? 'birthday'}
        status={faulty('name')}
        onChange={(chosen) => set({ ...leaf, name: chosen })}
        options={dates.map((one) => ({ value: one.name, label: names.attribute(one.name) }))}
        style={{ minWidth: 100 }}
      />
      <Select
        aria-label={t('form.when')}
        value={mode}
        onChange={turn}
        options={['today', 'current', 'month', 'days_until', 'age'].map((value) => ({
          value,
          label: t(`form.date.${value}`),
        }))}
        style={{ minWidth: 130 }}
      />
      {mode === 'month' && (
        <Select
          mode="multiple"
          aria-label={t('form.date.month')}
          value={list(leaf.month).map(Number)}
          status={faulty('month')}
          onChange={(month) => set({ ...leaf, month })}
          options={Array.from({ length: 12 }, (_, index) => ({
            value: index + 1,
            label: t('form.month', { n: index + 1 }),
          }))}
          style={{ minWidth: 160 }}
        />
      )}
      {(mode === 'age' || mode === 'days_until') && (
        <RangeForm
          label={t(`form.date.${mode}`)}
          value={leaf[mode]}
          status={faulty(mode)}
          set={(value) => set({ ...leaf, [mode]: value ?? { ge: 0 } })}
        />
      )}
    </>
  )
}

const CURRENCIES = ['CNY', 'HKD', 'USD', 'EUR', 'JPY']

export function OrderForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  return (
    <Flex wrap gap={8} align="center">
      <WindowForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
      <Select
        mode="multiple"
        aria-label={t('customer.order_state')}
        value={list(leaf.status ?? ['paid']).map(String)}
        onChange={(status) => set({ ...leaf, status: status.length ? status : undefined })}
        options={['placed', 'paid', 'refunded', 'cancelled'].map((value) => ({ value, label: t(`order.${value}`) }))}
        style={{ minWidth: 110 }}
      />
      <Typography.Text>{t('form.order_count')}</Typography.Text>
      <RangeForm
        label={t('form.order_count')}
        status={faulty('count')}
        value={leaf.count}
        set={(count) => set({ ...leaf, count })}
      />
      <Typography.Text>{t('form.order_amount')}</Typography.Text>
      <RangeForm
        label={t('form.order_amount')}
        scale={100}
        status={faulty('amount')}
        value={leaf.amount}
        set={(amount) => set({ ...leaf, amount })}
      />
      {leaf.amount !== undefined && (
        <Select
          aria-label={t('form.currency')}
          value={String(leaf.currency ?? 'CNY')}
          status={faulty('currency')}
          onChange={(currency) => set({ ...leaf, currency: currency === 'CNY' ? undefined : currency })}
          options={[...new Set([...CURRENCIES, String(leaf.currency ?? 'CNY')])].map((value) => ({ value }))}
          style={{ width: 84 }}
        />
      )}
      <Typography.Text>{t('form.order_before')}</Typography.Text>
      <Span
        label={t('form.order_before')}
        value={leaf.last_before}
        status={faulty('last_before')}
        set={(length) => set({ ...leaf, last_before: length || undefined })}
      />
    </Flex>
  )
}
