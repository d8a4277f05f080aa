import { Flex, Form, Input, InputNumber, Radio, Select } from 'antd'
import { api, data } from '@/api/client'
import { useAttributes } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import {
  CALENDARS,
  FESTIVALS,
  type Greeting,
  type GreetingDraft,
  greetingDraft,
  greetingOf,
  lunarDay,
  ROUTES,
} from './greetings'
import { NameField, RuleFields, RuleForm } from './RuleForm'
import { SaidFields } from './Said'
import { WayFields } from './Ways'

/** Write a greeting on birthdays or a festival. */
export function GreetingForm({ greeting, close }: { greeting: Greeting | null; close: () => void }) {
  const t = useSay()
  const [form] = Form.useForm<GreetingDraft>()
  const by = Form.useWatch('by', form) ?? 'routes'
  const save = (draft: GreetingDraft) => {
    const body = greetingOf(draft)
    if (greeting === null) return data(api.POST('/api/replies/greetings', { body }))
    const path = { greeting_id: greeting.greeting_id }
    return data(api.PUT('/api/replies/greetings/{greeting_id}', { params: { path }, body }))
  }
  return (
    <RuleForm
      form={form}
      title={t(greeting ? 'greeting.change' : 'greeting.new')}
      draft={greetingDraft(greeting)}
      save={save}
      saved={t('greeting.saved')}
      places={['name', 'text', 'content_id', 'condition', 'attribute', 'calendar', 'lunar_if', 'day', 'at']}
      close={close}
    >
      <NameField />
      <OccasionFields />
      <Form.Item
        name="at"
        label={t('greeting.at')}
        extra={t('greeting.at_hint')}
        rules={[{ required: true, message: t('greeting.at_needed') }]}
      >
        <Input type="time" style={{ width: 140 }} />
      </Form.Item>
      <Form.Item name="by" label={t('greeting.by')} extra={t(`greeting.by_hint.${by}`)}>
        <Radio.Group
          options={(['routes', 'task'] as const).map((value) => ({ value, label: t(`greeting.by.${value}`) }))}
        />
      </Form.Item>
      {by === 'routes' ? (
        <>
          <WayFields name="ways" routes={ROUTES} needed hint={t('greeting.ways_hint')} />
          <SaidFields />
        </>
      ) : (
        <Form.Item
          name="text"
          label={t('greeting.task_text')}
          rules={[{ required: true, whitespace: true, message: t('replies.text_needed') }]}
        >
          <Input.TextArea rows={4} maxLength={600} showCount />
        </Form.Item>
      )}
      <RuleFields />
    </RuleForm>
  )
}

/** When: birthdays by an attribute, a festival, or a date of the company's own. */
function OccasionFields() {
  const t = useSay()
  const form = Form.useFormInstance<GreetingDraft>()
  const kind = Form.useWatch('kind', form) ?? 'birthday'
  const calendar = Form.useWatch('calendar', form) ?? 'solar'
  const [lunar, month, day] = [Form.useWatch('lunar', form), Form.useWatch('month', form), Form.useWatch('day', form)]
  const attributes = useAttributes().data ?? []
  const called = (type: string) =>
    attributes.filter((one) => one.type === type).map((one) => ({ value: one.name, label: one.title }))
  return (
    <>
      <Form.Item name="kind" label={t('greeting.occasion')}>
        <Radio.Group
          optionType="button"
          options={(['birthday', 'festival', 'date'] as const).map((value) => ({
            value,
            label: t(`greeting.kind.${value}`),
          }))}
        />
      </Form.Item>
      {kind === 'birthday' && (
        <>
          <Form.Item name="attribute" label={t('greeting.attribute')}>
            <Select options={called('date')} />
          </Form.Item>
          <Form.Item name="calendar" label={t('greeting.calendar')} extra={t(`greeting.calendar_hint.${calendar}`)}>
            <Select options={CALENDARS.map((value) => ({ value, label: t(`greeting.calendar.${value}`) }))} />
          </Form.Item>
          {calendar !== 'solar' && (
            <Form.Item name="lunar_if" label={t('greeting.lunar_if')} extra={t('greeting.lunar_if_hint')}>
              <Select allowClear placeholder={t('replies.everybody')} options={called('bool')} />
            </Form.Item>
          )}
        </>
      )}
      {kind === 'festival' && (
        <Form.Item name="festival" label={t('greeting.kind.festival')}>
          <Select
            showSearch={{ optionFilterProp: 'label' }}
            options={FESTIVALS.map((value) => ({ value, label: t(`greeting.festival.${value}`) }))}
          />
        </Form.Item>
      )}
      {kind === 'date' && (
        <Flex gap={12} wrap align="start">
          <Form.Item name="lunar" label={t('greeting.which')}>
            <Radio.Group
              options={[
                { value: false, label: t('greeting.solar') },
                { value: true, label: t('greeting.lunar') },
              ]}
            />
          </Form.Item>
          <Form.Item name="month" label={t('greeting.month')} rules={[{ required: true, message: '' }]}>
            <InputNumber min={1} max={12} precision={0} />
          </Form.Item>
          <Form.Item
            name="day"
            label={t('greeting.day')}
            rules={[{ required: true, message: '' }]}
            extra={lunar && month && day ? lunarDay(month, day) : undefined}
          >
            <InputNumber min={1} max={lunar ? 30 : 31} precision={0} />
          </Form.Item>
        </Flex>
      )}
    </>
  )
}
