import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { Button, Card, Flex, Form, InputNumber, Select, Switch, TimePicker, Typography } from 'antd'
import dayjs from 'dayjs'
import { useStaff } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { DAYS, OFFICE } from './model'

/** Who takes turns by which share, hours and limit, and who steps in. */
export function Turns() {
  const t = useSay()
  const staff = (useStaff() ?? []).filter((one) => one.userid)
  const people = staff.map((one) => ({ value: one.staff_id, label: one.name }))
  return (
    <Card size="small" title={t('channels.part.rotation')} style={{ marginBottom: 16 }}>
      <Form.List
        name={['rotation', 'members']}
        rules={[
          {
            validator: (_, rows: unknown[]) =>
              rows?.length ? Promise.resolve() : Promise.reject(new Error(t('channels.members_missing'))),
          },
        ]}
      >
        {(rows, { add, remove }, { errors }) => (
          <Flex vertical gap={12} align="flex-start">
            {rows.map((row) => (
              <Card key={row.key} size="small" style={{ width: '100%' }}>
                <Flex wrap gap={12} align="flex-start">
                  <Form.Item
                    name={[row.name, 'staff_id']}
                    label={t('channels.member')}
                    rules={[{ required: true, message: t('channels.member_missing') }]}
                    style={{ marginBottom: 0, width: 180 }}
                  >
                    <Select showSearch={{ optionFilterProp: 'label' }} options={people} />
                  </Form.Item>
                  <Form.Item
                    name={[row.name, 'weight']}
                    label={t('channels.weight')}
                    rules={[{ required: true, message: t('channels.weight_missing') }]}
                    style={{ marginBottom: 0 }}
                  >
                    <InputNumber min={1} max={1_000} precision={0} style={{ width: 90 }} />
                  </Form.Item>
                  <Form.Item
                    name={[row.name, 'daily_limit']}
                    label={t('channels.daily_limit')}
                    style={{ marginBottom: 0 }}
                  >
                    <InputNumber
                      min={1}
                      max={100_000}
                      precision={0}
                      placeholder={t('channels.no_limit')}
                      style={{ width: 110 }}
                    />
                  </Form.Item>
                  <Form.Item
                    name={[row.name, 'paused']}
                    label={t('channels.state.paused')}
                    valuePropName="checked"
                    style={{ marginBottom: 0 }}
                  >
                    <Switch size="small" />
                  </Form.Item>
                  <Button
                    type="text"
                    icon={<DeleteOutlined />}
                    aria-label={t('channels.member_remove')}
                    onClick={() => remove(row.name)}
                    style={{ marginTop: 30 }}
                  />
                </Flex>
                <Shifts member={row.name} />
              </Card>
            ))}
            <Form.ErrorList errors={errors} />
            <Button
              icon={<PlusOutlined />}
              disabled={rows.length >= 100}
              onClick={() => add({ weight: 1, shifts: [] })}
            >
              {t('channels.member_add')}
            </Button>
          </Flex>
        )}
      </Form.List>
      <Form.Item
        name={['rotation', 'fallback']}
        label={t('channels.fallback')}
        extra={t('channels.fallback_hint')}
        style={{ margin: '16px 0 0' }}
      >
        <Select mode="multiple" showSearch={{ optionFilterProp: 'label' }} options={people} />
      </Form.Item>
    </Card>
  )
}

function Shifts({ member }: { member: number }) {
  const t = useSay()
  return (
    <Form.List name={[member, 'shifts']}>
      {(rows, { add, remove }) => (
        <Flex vertical gap={6} align="flex-start" style={{ marginTop: 10 }}>
          {rows.length === 0 && <Typography.Text type="secondary">{t('channels.any_hour')}</Typography.Text>}
          {rows.map((row) => (
            <Flex key={row.key} wrap gap={8} align="center">
              <Form.Item name={[row.name, 'days']} noStyle>
                <Select
                  mode="multiple"
                  aria-label={t('channels.days')}
                  placeholder={t('channels.days')}
                  style={{ minWidth: 200 }}
                  options={DAYS.map((value) => ({ value, label: t(`channels.day.${value}`) }))}
                />
              </Form.Item>
              <Form.Item name={[row.name, 'start']} noStyle>
                <Hour label={t('channels.from_hour')} />
              </Form.Item>
              <span>–</span>
              <Form.Item name={[row.name, 'until']} noStyle>
                <Hour label={t('channels.to_hour')} />
              </Form.Item>
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t('channels.hours_remove')}
                onClick={() => remove(row.name)}
              />
            </Flex>
          ))}
          <Button size="small" disabled={rows.length >= 14} onClick={() => add(OFFICE)}>
            {t('channels.hours_add')}
          </Button>
        </Flex>
      )}
    </Form.List>
  )
}

/** A time of day that the form holds as "09:00". */
function Hour({ label, value, onChange }: { label: string; value?: string; onChange?: (value: string) => void }) {
  return (
    <TimePicker
      format="HH:mm"
      minuteStep={5}
      needConfirm={false}
      allowClear={false}
      aria-label={label}
      placeholder={label}
      value={value ? dayjs(`2000-01-01T${value}`) : null}
      onChange={(chosen) => chosen && onChange?.(chosen.format('HH:mm'))}
      style={{ width: 110 }}
    />
  )
}
