import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Alert, Button, Card, Flex, Form, Input, InputNumber, Select, Switch, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useSegments } from '@/shared/lookups'
import { number } from '@/shared/number'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { useLeaving } from '@/shared/useLeaving'
import { type Draft, draftOf, type LadderBody, ladderOf, notRising, type Rung } from './ladder'

const LOOK_MS = 2_000
const MOST_LEVELS = 20

/** The levels from the lowest to the highest, how each is reached, how points lose their worth. */
export function Ladder() {
  const ladder = useQuery({
    queryKey: ['ladder'],
    queryFn: () => data(api.GET('/api/lifecycle/ladder')),
    refetchInterval: (query) => (query.state.data?.sweep ? LOOK_MS : 10_000),
  })
  return <Loaded query={ladder}>{(found) => <Editor ladder={found} />}</Loaded>
}

function Editor({ ladder }: { ladder: LadderBody }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const may = useMay('lifecycle.write')
  const [form] = Form.useForm<Draft>()
  const [changed, setChanged] = useState(false)
  const decays = Form.useWatch('decays', form) ?? ladder.half_life_days !== null
  const saving = useMutation({
    mutationFn: (draft: Draft) => data(api.PUT('/api/lifecycle/ladder', { body: ladderOf(draft) })),
    onSuccess: (saved) => {
      client.setQueryData(['ladder'], saved)
      form.setFieldsValue(draftOf(saved))
      setChanged(false)
      tell.done(t('lifecycle.saved'))
    },
    onError: tell.failed,
  })
  useLeaving(() => changed, t('lifecycle.unsaved'), t('lifecycle.unsaved_hint'))
  return (
    <Form
      form={form}
      layout="vertical"
      disabled={!may}
      requiredMark={false}
      initialValues={draftOf(ladder)}
      onValuesChange={() => setChanged(true)}
      // Also what no control shows: the keys of the levels.
      onFinish={() => saving.mutate(form.getFieldsValue(true))}
      style={{ maxWidth: 980 }}
    >
      {ladder.sweep && (
        <Alert
          type="info"
          showIcon
          title={t('lifecycle.sweep', { done: ladder.sweep.after, total: ladder.sweep.last })}
          style={{ marginBottom: 12 }}
        />
      )}
      <Card size="small" title={t('lifecycle.levels')} style={{ marginBottom: 12 }}>
        <Typography.Paragraph type="secondary">{t('lifecycle.levels_hint')}</Typography.Paragraph>
        <Levels ladder={ladder} may={may} />
      </Card>
      <Card size="small" title={t('lifecycle.decay')} style={{ marginBottom: 12 }}>
        <Typography.Paragraph type="secondary">{t('lifecycle.decay_hint')}</Typography.Paragraph>
        <Flex wrap gap="0 24px">
          <Form.Item name="decays" label={t('lifecycle.decays')} valuePropName="checked">
            <Switch />
          </Form.Item>
          {decays && (
            <Form.Item
              name="half_life_days"
              label={t('lifecycle.half_life')}
              rules={[{ required: true, message: t('lifecycle.number_needed') }]}
            >
              <InputNumber min={1} max={3650} precision={0} suffix={t('lifecycle.days')} style={{ width: 140 }} />
            </Form.Item>
          )}
          <Form.Item
            name="margin"
            label={t('lifecycle.margin')}
            rules={[{ required: true, message: t('lifecycle.number_needed') }]}
          >
            <InputNumber min={0} max={90} precision={0} suffix="%" style={{ width: 140 }} />
          </Form.Item>
        </Flex>
      </Card>
      {may && (
        <Flex gap={8}>
          <Button type="primary" htmlType="submit" loading={saving.isPending} disabled={!changed}>
            {t('shared.save')}
          </Button>
          <Button
            disabled={!changed || saving.isPending}
            onClick={() => {
              form.setFieldsValue(draftOf(ladder))
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

function Levels({ ladder, may }: { ladder: LadderBody; may: boolean }) {
  const t = useSay()
  const form = Form.useFormInstance<Draft>()
  const segments = useSegments().data ?? []
  const levels = Form.useWatch('levels', { form, preserve: true }) ?? []
  const sizes = new Map(ladder.levels.map((one) => [one.key, one.customers]))
  const name = (place: number) => levels[place]?.name || t('lifecycle.level_n', { n: place + 1 })
  return (
    <Form.List name="levels">
      {(rows, { add, remove, move }) => (
        <Flex vertical gap={8}>
          {rows.map((row, place) => {
            const rung: Rung | undefined = levels[place]
            const size = rung?.key === undefined ? undefined : sizes.get(rung.key)
            return (
              <Flex key={row.key} wrap gap={8} align="flex-start" role="group" aria-label={name(place)}>
                <Form.Item
                  name={[row.name, 'name']}
                  style={{ marginBottom: 0 }}
                  rules={[
                    { required: true, whitespace: true, message: t('lifecycle.name_needed') },
                    {
                      validator: (_, value?: string) =>
                        levels.some((one, at) => at !== place && one?.name?.trim() === value?.trim())
                          ? Promise.reject(new Error(t('lifecycle.name_taken')))
                          : Promise.resolve(),
                    },
                  ]}
                >
                  <Input aria-label={t('lifecycle.level_name')} maxLength={60} style={{ width: 150 }} />
                </Form.Item>
                {place === 0 ? (
                  <Typography.Text type="secondary" style={{ lineHeight: '32px', flex: '0 1 318px' }}>
                    {t('lifecycle.everybody')}
                  </Typography.Text>
                ) : (
                  <>
                    <Form.Item name={[row.name, 'how']} style={{ marginBottom: 0 }}>
                      <Select
                        aria-label={t('lifecycle.how')}
                        options={(['points', 'segment', 'hand'] as const).map((value) => ({
                          value,
                          label: t(`lifecycle.how.${value}`),
                        }))}
                        style={{ width: 140 }}
                      />
                    </Form.Item>
                    <div style={{ width: 170 }}>
                      {rung?.how === 'points' && (
                        <Form.Item
                          name={[row.name, 'points']}
                          style={{ marginBottom: 0 }}
                          dependencies={['levels']}
                          rules={[
                            { required: true, message: t('lifecycle.number_needed') },
                            ({ getFieldValue }) => ({
                              validator: () =>
                                notRising(getFieldValue('levels')).includes(place)
                                  ? Promise.reject(new Error(t('lifecycle.not_rising')))
                                  : Promise.resolve(),
                            }),
                          ]}
                        >
                          <InputNumber
                            aria-label={t('lifecycle.from_points')}
                            min={1}
                            max={10_000}
                            precision={0}
                            suffix={t('lifecycle.points')}
                            style={{ width: '100%' }}
                          />
                        </Form.Item>
                      )}
                      {rung?.how === 'segment' && (
                        <Form.Item
                          name={[row.name, 'segment_id']}
                          style={{ marginBottom: 0 }}
                          rules={[{ required: true, message: t('form.segment') }]}
                        >
                          <Select
                            aria-label={t('form.segment')}
                            placeholder={t('form.segment')}
                            showSearch={{ optionFilterProp: 'label' }}
                            options={segments.map((one) => ({ value: one.segment_id, label: one.name }))}
                          />
                        </Form.Item>
                      )}
                    </div>
                  </>
                )}
                <span style={{ lineHeight: '32px', minWidth: 70, textAlign: 'end' }}>
                  {size !== undefined && rung?.key !== undefined && (
                    <Link
                      to="/customers"
                      search={{ where: { kind: 'lifecycle', level: [rung.key] } }}
                      aria-label={t('lifecycle.people_of', { level: name(place), n: number(size) })}
                    >
                      {t('shared.people', { count: size })}
                    </Link>
                  )}
                </span>
                {may && (
                  <Flex>
                    <Button
                      type="text"
                      icon={<ArrowUpOutlined />}
                      disabled={place === 0}
                      aria-label={t('lifecycle.lower', { level: name(place) })}
                      onClick={() => move(place, place - 1)}
                    />
                    <Button
                      type="text"
                      icon={<ArrowDownOutlined />}
                      disabled={place === rows.length - 1}
                      aria-label={t('lifecycle.higher', { level: name(place) })}
                      onClick={() => move(place, place + 1)}
                    />
                    <Button
                      type="text"
                      icon={<DeleteOutlined />}
                      disabled={rows.length === 1}
                      aria-label={t('lifecycle.remove_level', { level: name(place) })}
                      onClick={() => remove(row.name)}
                    />
                  </Flex>
                )}
              </Flex>
            )
          })}
          {may && rows.length < MOST_LEVELS && (
            <div>
              <Button type="dashed" icon={<PlusOutlined />} onClick={() => add({ how: 'hand' })}>
                {t('lifecycle.add_level')}
              </Button>
            </div>
          )}
        </Flex>
      )}
    </Form.List>
  )
}
