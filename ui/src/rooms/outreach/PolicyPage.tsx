import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, DatePicker, Flex, Form, InputNumber, Radio, Select, Tag, TimePicker, Typography } from 'antd'
import { useState } from 'react'
import { ApiError, api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useCompany } from '@/shared/CompanyTime'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { useLeaving } from '@/shared/useLeaving'
import { Holidays } from './Holidays'
import { Part } from './Part'
import { type Draft, doubled, draftOf, OVERALL, type Policy, placeOf, policyOf } from './policy'
import { SendTasks } from './SendTasks'

const ROUTES = ['wecom_group_send', 'oa_mass', 'oa_custom', 'oa_template', 'kf']
const QUOTAS: { name: keyof Policy['quotas']; most: number }[] = [
  { name: 'mass_month', most: 1_000 },
  { name: 'mass_day', most: 100_000 },
  { name: 'mass_minute', most: 10_000 },
  { name: 'custom_day', most: 100_000_000 },
  { name: 'template_day', most: 100_000_000 },
  { name: 'moments_month', most: 1_000_000 },
  { name: 'moments_minute', most: 1_000 },
]
const OPT_OUT = ['退订', 'TD', '取消推送']

/** The company's rules for sending. */
export default function PolicyPage() {
  const t = useSay()
  const policy = useQuery({ queryKey: ['policy'], queryFn: () => data(api.GET('/api/outreach/policy')) })
  return (
    <Page title={t('nav.outreach')} hint={t('policy.hint')}>
      <Loaded query={policy}>{(found) => <Editor policy={found} />}</Loaded>
    </Page>
  )
}

function Editor({ policy }: { policy: Policy }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const may = useMay('outreach.write')
  const zone = useCompany(true).data?.zone ?? ''
  const [form] = Form.useForm<Draft>()
  const [changed, setChanged] = useState(false)
  const saving = useMutation({
    mutationFn: (draft: Draft) => data(api.PUT('/api/outreach/policy', { body: policyOf(draft, policy) })),
    onSuccess: (saved) => {
      client.setQueryData(['policy'], saved)
      setChanged(false)
      tell.done(t('policy.saved'))
    },
    onError: (error) => {
      tell.failed(error)
      const field = error instanceof ApiError ? error.field : null
      if (field === null) return
      form.setFields([{ name: placeOf(field) as never, errors: [t('policy.refused')] }])
      form.scrollToField(placeOf(field), { block: 'center' })
    },
  })
  useLeaving(() => changed, t('policy.unsaved'), t('policy.unsaved_hint'))

  return (
    <Form
      form={form}
      layout="vertical"
      disabled={!may}
      requiredMark={false}
      initialValues={draftOf(policy)}
      onValuesChange={() => setChanged(true)}
      onFinish={(draft) => saving.mutate(draft)}
      // Enter takes a time or a day; rules for every customer are saved by their button alone.
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target instanceof HTMLInputElement) event.preventDefault()
      }}
      scrollToFirstError={{ block: 'center', focus: true }}
      style={{ maxWidth: 880 }}
    >
      {!may && <Alert type="info" showIcon title={t('policy.read_only')} style={{ marginBottom: 12 }} />}
      <Part title={t('policy.caps')} hint={t('policy.caps_hint')}>
        <Caps />
      </Part>

      <Part title={t('policy.quiet')} hint={t('policy.quiet_hint', { zone })}>
        <Form.Item
          name="quiet"
          style={{ marginBottom: 0 }}
          rules={[
            {
              validator: (_, value: Draft['quiet']) =>
                value?.[0]?.isSame(value[1], 'minute')
                  ? Promise.reject(new Error(t('policy.quiet_same')))
                  : Promise.resolve(),
            },
          ]}
        >
          <TimePicker.RangePicker
            format="HH:mm"
            minuteStep={5}
            order={false}
            needConfirm={false}
            aria-label={t('policy.quiet')}
            placeholder={[t('policy.quiet_from'), t('policy.quiet_to')]}
          />
        </Form.Item>
      </Part>

      <Part title={t('policy.holidays')} hint={t('policy.holidays_hint')}>
        <Form.Item name="holidays">
          <Radio.Group
            aria-label={t('policy.holidays')}
            options={(['send', 'hold'] as const).map((value) => ({ value, label: t(`policy.holidays.${value}`) }))}
          />
        </Form.Item>
        <Holidays />
        <Form.Item
          name="quiet_days"
          label={t('policy.quiet_days')}
          extra={t('policy.quiet_days_hint')}
          style={{ margin: '16px 0 0' }}
        >
          <DatePicker multiple format="YYYY-MM-DD" maxTagCount="responsive" style={{ width: '100%', maxWidth: 520 }} />
        </Form.Item>
      </Part>

      <SendTasks />

      <Part title={t('policy.optout')} hint={t('policy.optout_hint')}>
        <Flex gap={8} wrap>
          {OPT_OUT.map((word) => (
            <Tag key={word} style={{ margin: 0 }}>
              {word}
            </Tag>
          ))}
        </Flex>
      </Part>

      <Part title={t('policy.patience')} hint={t('policy.patience_hint')}>
        <Form.Item
          name="patience"
          style={{ marginBottom: 0 }}
          rules={[{ required: true, message: t('policy.patience_missing') }]}
        >
          <InputNumber
            aria-label={t('policy.patience')}
            min={1 / 1_440}
            max={366}
            suffix={t('policy.days')}
            style={{ width: 160 }}
          />
        </Form.Item>
      </Part>

      <Part title={t('policy.quotas')} hint={t('policy.quotas_hint')}>
        <Flex gap="0 24px" wrap>
          {QUOTAS.map(({ name, most }) => (
            <Form.Item
              key={name}
              name={['quotas', name]}
              label={t(`policy.quota.${name}`)}
              rules={[{ required: true, message: t('policy.quota_missing') }]}
            >
              <InputNumber<number>
                min={0}
                max={most}
                precision={0}
                formatter={(value) => `${value ?? ''}`.replace(/\B(?=(\d{3})+$)/g, ',')}
                parser={(text) => Number((text ?? '').replaceAll(',', ''))}
                style={{ width: 200 }}
              />
            </Form.Item>
          ))}
        </Flex>
      </Part>

      {may && (
        <Flex gap={8}>
          <Button type="primary" htmlType="submit" loading={saving.isPending} disabled={!changed}>
            {t('shared.save')}
          </Button>
          <Button
            disabled={!changed || saving.isPending}
            onClick={() => {
              form.setFieldsValue(draftOf(policy))
              setChanged(false)
            }}
          >
            {t('shared.discard')}
          </Button>
        </Flex>
      )}
    </Form>
  )
}

function Caps() {
  const t = useSay()
  return (
    <Form.List name="caps">
      {(rows, { add, remove }) => (
        <Flex vertical gap={8} align="flex-start">
          {rows.length === 0 && <Typography.Text type="warning">{t('policy.caps_none')}</Typography.Text>}
          {rows.map((row) => (
            <Flex key={row.key} gap={8} wrap align="flex-start">
              <Form.Item
                name={[row.name, 'route']}
                style={{ marginBottom: 0 }}
                dependencies={['caps']}
                rules={[
                  ({ getFieldValue }) => ({
                    validator: () =>
                      doubled(getFieldValue('caps')).includes(row.name)
                        ? Promise.reject(new Error(t('policy.cap_double')))
                        : Promise.resolve(),
                  }),
                ]}
              >
                <Select
                  aria-label={t('policy.cap_route')}
                  style={{ width: 180 }}
                  options={[
                    { value: OVERALL, label: t('policy.overall') },
                    ...ROUTES.map((route) => ({ value: route, label: t(`route.${route}`) })),
                  ]}
                />
              </Form.Item>
              <Form.Item name={[row.name, 'period']} style={{ marginBottom: 0 }}>
                <Select
                  aria-label={t('policy.cap_period')}
                  style={{ width: 170 }}
                  options={(['day', 'week'] as const).map((value) => ({ value, label: t(`policy.per.${value}`) }))}
                />
              </Form.Item>
              <Form.Item
                name={[row.name, 'most']}
                style={{ marginBottom: 0 }}
                rules={[{ required: true, message: t('policy.cap_missing') }]}
              >
                <InputNumber
                  aria-label={t('policy.cap_most')}
                  min={0}
                  max={1_000}
                  precision={0}
                  style={{ width: 100 }}
                />
              </Form.Item>
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t('policy.cap_remove')}
                onClick={() => remove(row.name)}
              />
            </Flex>
          ))}
          <Button
            icon={<PlusOutlined />}
            disabled={rows.length >= 50}
            onClick={() => add({ route: OVERALL, period: 'day', most: 1 })}
          >
            {t('policy.cap_add')}
          </Button>
        </Flex>
      )}
    </Form.List>
  )
}
