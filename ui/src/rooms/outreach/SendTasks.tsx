import { Flex, Form, InputNumber, Radio, Select, TimePicker, Typography } from 'antd'
import { useSay } from '@/shared/say'
import { Part } from './Part'
import { type TaskDraft, unordered } from './policy'

const PARTS = ['morning', 'noon', 'after_work', 'evening', 'weekend_morning'] as const
const BROADCASTS = ['monthly_days', 'weekly7', 'daily', 'monthly4'] as const

interface Amount {
  name: 'rounds_day' | 'tasks_day' | 'task_seconds' | 'tolerance' | 'lead' | 'expiry' | 'remind_after' | 'reminders'
  min: number
  max: number
}
const LOAD: Amount[] = [
  { name: 'rounds_day', min: 1, max: 3 },
  { name: 'tasks_day', min: 1, max: 200 },
  { name: 'task_seconds', min: 1, max: 600 },
  { name: 'tolerance', min: 0, max: 24 },
  { name: 'lead', min: 0, max: 180 },
]
const CONFIRMING: Amount[] = [
  { name: 'expiry', min: 0.5, max: 168 },
  { name: 'remind_after', min: 10, max: 1_440 },
  { name: 'reminders', min: 0, max: 3 },
]
/** Amounts that need not be whole. */
const SPANS = new Set<Amount['name']>(['tolerance', 'lead', 'expiry', 'remind_after'])

/** How pushes through salespeople are gathered, limited and reminded of. */
export function SendTasks() {
  const t = useSay()
  const tasks = Form.useWatch<TaskDraft | undefined>('tasks')
  const minutes = Math.ceil(((tasks?.tasks_day ?? 0) * (tasks?.task_seconds ?? 0)) / 60)
  return (
    <>
      <Part title={t('policy.rounds')} hint={t('policy.rounds_hint')}>
        <Flex gap="0 24px" wrap>
          {PARTS.map((part) => (
            <Form.Item
              key={part}
              name={['tasks', 'hours', part]}
              label={t(`daypart.${part}`)}
              dependencies={PARTS.filter((other) => other !== part).map((other) => ['tasks', 'hours', other])}
              rules={[
                { required: true, message: t('policy.hour_missing') },
                ({ getFieldValue }) => ({
                  validator: () =>
                    part !== 'weekend_morning' && unordered(getFieldValue(['tasks', 'hours']))
                      ? Promise.reject(new Error(t('policy.hours_order')))
                      : Promise.resolve(),
                }),
              ]}
            >
              <TimePicker format="HH:mm" minuteStep={5} needConfirm={false} allowClear={false} style={{ width: 120 }} />
            </Form.Item>
          ))}
        </Flex>
        <Amounts amounts={LOAD} />
        <Typography.Text type="secondary">{t('policy.load', { minutes })}</Typography.Text>
      </Part>

      <Part title={t('policy.confirming')} hint={t('policy.confirming_hint')}>
        <Amounts amounts={CONFIRMING} />
        <Form.Item name={['tasks', 'unconfirmed']} label={t('policy.unconfirmed')} style={{ marginBottom: 0 }}>
          <Radio.Group
            options={(['reroute', 'drop'] as const).map((value) => ({
              value,
              label: t(`policy.unconfirmed.${value}`),
            }))}
          />
        </Form.Item>
      </Part>

      <Part title={t('policy.wecom')} hint={t('policy.wecom_hint')}>
        <Flex gap="0 24px" wrap>
          <Form.Item name="broadcast" label={t('policy.broadcast')}>
            <Select
              style={{ width: 260 }}
              options={BROADCASTS.map((value) => ({ value, label: t(`policy.broadcast.${value}`) }))}
            />
          </Form.Item>
          {(['posts_day', 'posts_month'] as const).map((name) => (
            <Form.Item
              key={name}
              name={['tasks', name]}
              label={t(`policy.task.${name}`)}
              rules={[{ required: true, message: t('policy.quota_missing') }]}
            >
              <InputNumber min={0} max={name === 'posts_day' ? 100 : 1_000} precision={0} style={{ width: 160 }} />
            </Form.Item>
          ))}
        </Flex>
      </Part>
    </>
  )
}

function Amounts({ amounts }: { amounts: Amount[] }) {
  const t = useSay()
  return (
    <Flex gap="0 24px" wrap>
      {amounts.map(({ name, min, max }) => (
        <Form.Item
          key={name}
          name={['tasks', name]}
          label={t(`policy.task.${name}`)}
          rules={[{ required: true, message: t('policy.quota_missing') }]}
        >
          <InputNumber
            min={min}
            max={max}
            {...(!SPANS.has(name) && { precision: 0 })}
            suffix={t(`policy.unit.${name}`)}
            style={{ width: 160 }}
          />
        </Form.Item>
      ))}
    </Flex>
  )
}
