import { useMutation, useQuery } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Form, Input, Select, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useAccounts } from '@/shared/lookups'
import { useSay } from '@/shared/say'
import { useTell } from '@/shared/tell'
import { useSettled } from '@/shared/useSettled'

interface Trying {
  text: string
  customer_id?: number
  account_id?: number
}

/** "What would be answered to this text, for this customer, and why": sends nothing. */
export function TryBox() {
  const t = useSay()
  const tell = useTell()
  const [form] = Form.useForm<Trying>()
  const [typed, setTyped] = useState('')
  const words = useSettled(typed.trim(), 200)
  const accounts = useAccounts()?.filter((one) => one.kind === 'oa') ?? []
  const people = useQuery({
    queryKey: ['customers', 'quick', words],
    enabled: words !== '',
    queryFn: async () => (await data(api.GET('/api/customers', { params: { query: { q: words, limit: 8 } } }))).items,
  })
  const trying = useMutation({
    mutationFn: ({ text, customer_id, account_id = accounts[0]?.account_id ?? 0 }: Trying) =>
      data(api.POST('/api/replies/try', { body: { text, key: '', customer_id: customer_id ?? null, account_id } })),
    onError: tell.failed,
  })
  if (accounts.length === 0) return null
  const found = trying.data
  return (
    <Card size="small" title={t('replies.try')}>
      <Form
        form={form}
        layout="inline"
        onFinish={(values) => trying.mutate(values)}
        onValuesChange={() => trying.reset()}
        style={{ rowGap: 8 }}
      >
        <Form.Item
          name="text"
          rules={[{ required: true, whitespace: true, message: t('replies.try_needed') }]}
          style={{ flex: '1 1 260px' }}
        >
          <Input maxLength={2000} placeholder={t('replies.try_text')} aria-label={t('replies.try_text')} />
        </Form.Item>
        <Form.Item name="customer_id" style={{ flex: '0 1 220px' }}>
          <Select
            allowClear
            showSearch={{ filterOption: false, onSearch: setTyped }}
            placeholder={t('replies.try_stranger')}
            aria-label={t('replies.try_customer')}
            notFoundContent={null}
            options={people.data?.map((one) => ({
              value: one.customer_id,
              label: one.name ?? t('customer.nameless', { id: one.customer_id }),
            }))}
          />
        </Form.Item>
        {accounts.length > 1 && (
          <Form.Item name="account_id" style={{ flex: '0 1 180px' }}>
            <Select
              aria-label={t('replies.account')}
              placeholder={accounts[0]?.name}
              options={accounts.map((one) => ({ value: one.account_id, label: one.name }))}
            />
          </Form.Item>
        )}
        <Button htmlType="submit" loading={trying.isPending}>
          {t('replies.try_do')}
        </Button>
      </Form>
      <div aria-live="polite">
        {found && (
          <Flex vertical gap={8} style={{ marginTop: 12 }}>
            <Alert
              showIcon
              type={found.outcome === 'answered' ? 'success' : 'info'}
              title={t(`replies.outcome.${found.outcome}`, {
                name: found.candidates.find((one) => one.reply_id === found.reply_id)?.name,
              })}
              description={t('replies.try_journeys')}
            />
            {found.candidates.map((one) => (
              <Typography.Text key={one.reply_id} type={one.cause === 'chosen' ? undefined : 'secondary'}>
                {t('replies.candidate', { name: one.name, word: one.word, cause: t(`replies.cause.${one.cause}`) })}
              </Typography.Text>
            ))}
          </Flex>
        )}
      </div>
    </Card>
  )
}
