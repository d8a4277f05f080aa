import { Flex, Timeline as Line, Radio, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useNames, useReason } from '@/shared/lookups'
import { More, usePortions } from '@/shared/More'
import { useSay } from '@/shared/say'
import { Loaded, Nothing } from '@/shared/states'
import { day, exactly, local } from '@/shared/when'
import { gather, sentence, sourceWord, THEMES, type Told, themeColour } from './events'
import './timeline.css'

function byDay(told: Told[]): [string, Told[]][] {
  const days = new Map<string, Told[]>()
  for (const one of told) {
    const key = local(one.at).format('YYYY-MM-DD')
    days.set(key, [...(days.get(key) ?? []), one])
  }
  return [...days]
}

/** Everything that happened to a person, over all sources, in sentences. */
export function Timeline({ id, clear }: { id: number; clear: boolean }) {
  const t = useSay()
  const names = useNames()
  const reason = useReason()
  const [theme, setTheme] = useState('all')
  const list = usePortions(
    ['customer', id, 'timeline', theme, clear],
    (cursor) =>
      data(
        api.GET('/api/customers/{customer_id}/timeline', {
          params: { path: { customer_id: id }, query: { type: THEMES[theme] ?? [], cursor, limit: 50, clear } },
        }),
      ),
    clear ? 0 : 5_000,
  )
  return (
    <>
      <Radio.Group
        optionType="button"
        aria-label={t('customer.timeline_filter')}
        value={theme}
        onChange={(event) => setTheme(String(event.target.value))}
        options={[
          { value: 'all', label: t('customer.all_types') },
          ...Object.keys(THEMES).map((value) => ({ value, label: t(`theme.${value}`) })),
        ]}
        className="siyu-themes"
      />
      <Loaded query={{ ...list, data: list.rows }}>
        {(rows) =>
          rows.length === 0 ? (
            <Nothing title={t('customer.timeline_none')} />
          ) : (
            <>
              {byDay(gather(rows)).map(([date, told]) => (
                <div key={date}>
                  <Typography.Text strong>{day(date)}</Typography.Text>
                  <Line
                    style={{ marginTop: 12 }}
                    items={told.map((one) => ({
                      key: one.key,
                      color: themeColour(one.type),
                      content: (
                        <Flex gap={12} wrap justify="space-between" title={exactly(one.at)}>
                          <span style={{ flex: '1 1 240px', overflowWrap: 'anywhere' }}>
                            {sentence(one, names, reason, t)}
                          </span>
                          <Typography.Text type="secondary" style={{ whiteSpace: 'nowrap' }}>
                            {sourceWord(one.source, names, t)} · {local(one.at).format('HH:mm')}
                          </Typography.Text>
                        </Flex>
                      ),
                    }))}
                  />
                </div>
              ))}
              <More list={list} />
            </>
          )
        }
      </Loaded>
    </>
  )
}
