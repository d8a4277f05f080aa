import { Flex, Input, Select, Typography } from 'antd'
import { useContents } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { testsOf } from '../where'
import { Inside, useFaulty } from './faulty'
import type { LeafFormProps } from './LeafForm'
import { EventType, RangeForm, Span, WindowForm } from './parts'
import { WhereForm } from './WhereForm'

type Matcher = Record<string, unknown>

/** Which events are meant: types, content, for messages the words in them, and any other property. */
export function MatcherForm({ value, set }: { value: Matcher; set: (value: Matcher) => void }) {
  const t = useSay()
  const faulty = useFaulty()
  const contents = useContents().data ?? []
  const types = Array.isArray(value.type) ? value.type.map(String) : value.type ? [String(value.type)] : []
  const tests = testsOf(value.where)
  // The plain question about a message has a field of its own; any other test of its text is shown with the rest.
  const words = tests.length === 1 && tests[0]?.property === 'text' && tests[0].op === 'contains' ? tests[0] : null
  const plain = types.includes('message_received') && (words !== null || tests.length === 0)
  const aboutContent = types.some((type) => /^(content|page|link|form|delivery|forwarded|downloaded)/.test(type))
  // A journey's file names a content by its key.
  const known = (one: unknown) => contents.find((it) => it.key === one)?.content_id ?? Number(one)
  return (
    <>
      <EventType value={value.type} set={(type) => set({ ...value, type })} />
      {plain && (
        <Input
          aria-label={t('form.words')}
          placeholder={t('form.words')}
          value={String(words?.value ?? '')}
          status={faulty('where')}
          maxLength={100}
          onChange={(event) =>
            set({
              ...value,
              where: event.target.value ? { text: { contains: event.target.value } } : undefined,
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
          status={faulty('content')}
          value={[value.content ?? []].flat().map(known)}
          onChange={(chosen) => set({ ...value, content: chosen.length > 1 ? chosen : chosen[0] })}
          options={contents.map((one) => ({ value: one.content_id, label: one.title }))}
          optionFilterProp="label"
          style={{ minWidth: 180, maxWidth: 320 }}
        />
      )}
      {types.length > 0 && (
        <WhereForm tests={tests} hidden={words} types={types} set={(where) => set({ ...value, where })} />
      )}
    </>
  )
}

export function EventForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
  return (
    <>
      <WindowForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
      <MatcherForm value={leaf} set={(change) => set({ ...leaf, ...change })} />
      <RangeForm
        label={t('form.count')}
        value={leaf.count ?? { ge: 1 }}
        status={faulty('count')}
        set={(count) => set({ ...leaf, count })}
      />
      <Typography.Text>{t('form.times')}</Typography.Text>
    </>
  )
}

export function SequenceForm({ leaf, set }: LeafFormProps) {
  const t = useSay()
  const faulty = useFaulty()
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
        <Inside part="first">
          <WindowForm value={first} set={(change) => set({ ...leaf, first: { ...first, ...change } })} />
          <MatcherForm value={first} set={(value) => set({ ...leaf, first: value })} />
        </Inside>
      </Flex>
      <Flex wrap gap={8} align="center">
        <Typography.Text>{t('form.then')}</Typography.Text>
        <Span
          label={t('form.then')}
          value={leaf.within}
          status={faulty('within')}
          set={(within) => set({ ...leaf, within })}
        />
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
        <Inside part={negative ? 'then_not' : 'then'}>
          <MatcherForm value={second} set={(value) => then(value, negative)} />
        </Inside>
      </Flex>
    </Flex>
  )
}
