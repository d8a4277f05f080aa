import { Flex, Input, Select, Typography } from 'antd'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import type { LeafFormProps } from './LeafForm'
import { EventType, RangeForm, Span, WindowForm } from './parts'

type Matcher = Record<string, unknown>

/** Which events are meant: types, content, and for messages the words in them. */
function MatcherForm({ value, set }: { value: Matcher; set: (value: Matcher) => void }) {
  const t = useSay()
  const contents = useContents().data ?? []
  const types = Array.isArray(value.type) ? value.type.map(String) : value.type ? [String(value.type)] : []
  const where = (value.where ?? {}) as Record<string, { contains?: string }>
  const words = where.text?.contains ?? ''
  const aboutContent = types.some((type) => /^(content|page|link|form|delivery|forwarded|downloaded)/.test(type))
  return (
    <>
      <EventType value={value.type} set={(type) => set({ ...value, type })} />
      {types.includes('message_received') && (
        <Input
          aria-label={t('form.words')}
          placeholder={t('form.words')}
          value={words}
          maxLength={100}
          onChange={(event) =>
            set({
              ...value,
              where: event.target.value ? { ...where, text: { contains: event.target.value } } : undefined,
            })
          }
          style={{ width: 150 }}
        />
      )}
      {(aboutContent || value.content !== undefined) && (
        <Select
          mode="multiple"
          aria-label={t('form.content')}
          placeholder={t('form.any_content')}
          value={(Array.isArray(value.content)
            ? value.content
            : value.content === undefined
              ? []
              : [value.content]
          ).map(Number)}
          onChange={(chosen) => set({ ...value, content: chosen.length > 1 ? chosen : chosen[0] })}
          options={contents.map((one) => ({ value: one.content_id, label: one.title }))}
          optionFilterProp="label"
          style={{ minWidth: 180, maxWidth: 320 }}
        />
      )}
    </>
  )
}

export function EventForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  return (
    <>
      <WindowForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
      <MatcherForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
      <RangeForm label={t('form.count')} value={leaf.count ?? { ge: 1 }} set={(count) => set({ ...leaf, count })} />
      <Typography.Text>{t('form.times')}</Typography.Text>
    </>
  )
}

export function SequenceForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const first = (leaf.first ?? {}) as Matcher
  const negative = leaf.then_not !== undefined
  const second = (leaf.then ?? leaf.then_not ?? {}) as Matcher
  const then = (value: Matcher, not: boolean) =>
    set({
      ...leaf,
      then_not: undefined,
      ...Object.fromEntries([
        ['then', undefined],
        [not ? 'then_not' : 'then', value],
      ]),
    })
  return (
    <Flex vertical gap={8} flex={1}>
      <Flex wrap gap={8} align="center">
        <Typography.Text>{t('form.first')}</Typography.Text>
        <WindowForm value={first} set={(change) => set({ ...leaf, first: { ...first, ...change } })} />
        <MatcherForm value={first} set={(value) => set({ ...leaf, first: value })} />
      </Flex>
      <Flex wrap gap={8} align="center">
        <Typography.Text>{t('form.then')}</Typography.Text>
        <Span label={t('form.then')} value={leaf.within} set={(within) => set({ ...leaf, within })} />
        <Select
          aria-label={t('form.happened')}
          value={negative}
          onChange={(not) => then(second, not)}
          options={[
            { value: false, label: t('form.did') },
            { value: true, label: t('form.did_not') },
          ]}
          style={{ width: 96 }}
        />
        <MatcherForm value={second} set={(value) => then(value, negative)} />
      </Flex>
    </Flex>
  )
}
