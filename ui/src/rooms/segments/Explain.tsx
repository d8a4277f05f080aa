import { useQuery } from '@tanstack/react-query'
import { Card, Select, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useSettled } from '@/shared/useSettled'
import { WhyTree } from './WhyTree'

/** Why one person is in or out of the condition as it stands. */
export function Explain({ condition, ready }: { condition: Record<string, unknown>; ready: boolean }) {
  const t = useSay()
  const [typed, setTyped] = useState('')
  const [chosen, setChosen] = useState<{ value: number; label: string } | null>(null)
  const words = useSettled(typed, 250)
  const settled = useSettled(condition, 400)
  const people = useQuery({
    queryKey: ['customers', 'pick', words],
    queryFn: async () => (await data(api.GET('/api/customers', { params: { query: { q: words, limit: 20 } } }))).items,
  })
  const why = useQuery({
    queryKey: ['explain', chosen?.value, JSON.stringify(settled)],
    enabled: ready && chosen !== null,
    placeholderData: (before) => before,
    queryFn: () =>
      data(api.POST('/api/segments/explain', { body: { condition: settled, customer_id: chosen?.value ?? 0 } })),
  })
  return (
    <Card title={t('segment.explain')} size="small">
      <Typography.Paragraph type="secondary">{t('segment.explain_hint')}</Typography.Paragraph>
      <Select
        labelInValue
        showSearch={{ filterOption: false, onSearch: setTyped }}
        aria-label={t('segment.explain_search')}
        placeholder={t('segment.explain_search')}
        value={chosen}
        onChange={setChosen}
        loading={people.isFetching}
        options={people.data?.map((one) => ({
          value: one.customer_id,
          label: [one.name ?? t('customer.nameless', { id: one.customer_id }), one.phone].filter(Boolean).join(' '),
        }))}
        style={{ width: '100%', marginBottom: 12 }}
      />
      {chosen && ready && (
        <Loaded query={why}>
          {(found) => (
            <>
              <Tag color={found.result ? 'green' : 'default'} style={{ marginBottom: 8 }}>
                {t(found.result ? 'segment.is_in' : 'segment.is_out', { name: chosen.label })}
              </Tag>
              {found.needs_archive && <Tag color="gold">{t('archive.uncertain')}</Tag>}
              <WhyTree why={found} />
            </>
          )}
        </Loaded>
      )}
    </Card>
  )
}
