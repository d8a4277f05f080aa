import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Button, Card, DatePicker, Flex, Form, Input, InputNumber, Popconfirm, Radio, Table, Typography } from 'antd'
import type { Dayjs } from 'dayjs'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useNames } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { local, money, when } from '@/shared/when'
import type { Channel } from './model'

interface Draft {
  span: [Dayjs, Dayjs | null]
  yuan: number
  per: 'day' | 'total'
  note?: string
}

/** What a channel costs, entered by people; a mistake is taken back and stays visible. */
export function Costs({ channel }: { channel: Channel }) {
  const t = useSay()
  const tell = useTell()
  const names = useNames()
  const client = useQueryClient()
  const may = useMay('channels.write')
  const [form] = Form.useForm<Draft>()
  const path = { channel_id: channel.channel_id }
  const query = useQuery({
    queryKey: ['channel', channel.channel_id, 'costs'],
    queryFn: () => data(api.GET('/api/channels/{channel_id}/costs', { params: { path } })),
  })
  const after = (word: string) => {
    void client.invalidateQueries({ queryKey: ['channel', channel.channel_id, 'costs'] })
    void client.invalidateQueries({ queryKey: ['channels'] })
    tell.done(t(word))
  }
  const adding = useMutation({
    mutationFn: (draft: Draft) =>
      data(
        api.POST('/api/channels/{channel_id}/costs', {
          params: { path },
          body: {
            since: draft.span[0].format('YYYY-MM-DD'),
            until: draft.span[1]?.format('YYYY-MM-DD') ?? null,
            amount: Math.round(draft.yuan * 100),
            per: draft.per,
            note: draft.note ?? '',
          },
        }),
      ),
    onSuccess: () => {
      form.resetFields()
      after('channels.costs.added')
    },
    onError: tell.failed,
  })
  const removing = useMutation({
    mutationFn: (cost_id: number) =>
      data(api.DELETE('/api/channels/{channel_id}/costs/{cost_id}', { params: { path: { ...path, cost_id } } })),
    onSuccess: () => after('channels.costs.removed'),
    onError: tell.failed,
  })
  return (
    <Flex vertical gap={12}>
      {may && (
        <Card styles={{ body: { padding: 16 } }}>
          <Form
            form={form}
            layout="inline"
            requiredMark={false}
            initialValues={{ per: 'total', span: [local(), local()] }}
            onFinish={(draft) => adding.mutate(draft)}
            style={{ rowGap: 12 }}
          >
            <Form.Item name="span" label={t('channels.costs.days')}>
              <DatePicker.RangePicker allowEmpty={[false, true]} placeholder={['', t('channels.costs.open_end')]} />
            </Form.Item>
            <Form.Item
              name="yuan"
              label={t('channels.costs.amount')}
              rules={[{ required: true, message: t('channels.costs.amount_missing') }]}
            >
              <InputNumber
                min={0.01}
                max={1e9}
                precision={2}
                suffix={t('channels.costs.yuan')}
                style={{ width: 150 }}
              />
            </Form.Item>
            <Form.Item name="per">
              <Radio.Group
                aria-label={t('channels.costs.per')}
                options={(['total', 'day'] as const).map((value) => ({
                  value,
                  label: t(`channels.costs.per.${value}`),
                }))}
              />
            </Form.Item>
            <Form.Item name="note">
              <Input maxLength={200} placeholder={t('channels.costs.note')} aria-label={t('channels.costs.note')} />
            </Form.Item>
            <Button type="primary" htmlType="submit" loading={adding.isPending}>
              {t('channels.costs.add')}
            </Button>
          </Form>
          <Typography.Text type="secondary">{t('channels.costs.hint')}</Typography.Text>
        </Card>
      )}
      <Loaded query={query}>
        {(rows) => (
          <Card styles={{ body: { padding: 0 } }}>
            <Table
              rowKey="cost_id"
              dataSource={rows}
              pagination={false}
              scroll={{ x: 'max-content' }}
              locale={{ emptyText: <Nothing title={t('channels.costs.none')} /> }}
              columns={[
                {
                  title: t('channels.costs.days'),
                  render: (_, row) =>
                    `${row.since} – ${row.until ?? (row.per === 'day' ? t('channels.costs.open_end') : row.since)}`,
                },
                {
                  title: t('channels.costs.amount'),
                  align: 'right',
                  render: (_, row) => (
                    <Typography.Text delete={row.removed_at !== null}>
                      {money(row.amount, 'CNY')} {t(`channels.costs.per.${row.per}`)}
                    </Typography.Text>
                  ),
                },
                { title: t('channels.costs.note'), responsive: ['md'], render: (_, row) => row.note || '—' },
                {
                  title: t('channels.costs.by'),
                  responsive: ['md'],
                  render: (_, row) => `${names.staff(row.added_by.split(':')[1])} ${when(row.added_at)}`,
                },
                {
                  render: (_, row) =>
                    row.removed_at ? (
                      <Typography.Text type="secondary">{t('channels.costs.was_removed')}</Typography.Text>
                    ) : (
                      may && (
                        <Popconfirm
                          title={t('channels.costs.remove_sure')}
                          okText={t('channels.costs.remove')}
                          cancelText={t('shared.cancel')}
                          onConfirm={() => removing.mutate(row.cost_id)}
                        >
                          <Button size="small" type="text" danger>
                            {t('channels.costs.remove')}
                          </Button>
                        </Popconfirm>
                      )
                    ),
                },
              ]}
            />
          </Card>
        )}
      </Loaded>
    </Flex>
  )
}
