import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Alert, Button, Flex, Tag, Typography } from 'antd'
import dayjs from 'dayjs'
import { useState } from 'react'
import { api, data } from '@/api/client'
import { useMay } from '@/app/session'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { spansOf } from './policy'

/** A year's public holidays as they are announced; the present year first, a warning where none are known. */
export function Holidays() {
  const t = useSay()
  const named = (name: string) => t(`holiday.${name}`, { defaultValue: name })
  const mayRead = useMay('workdays.read')
  const [chosen, setChosen] = useState<number | undefined>()
  const calendar = useQuery({
    queryKey: ['calendar', chosen ?? 'now'],
    placeholderData: keepPreviousData,
    queryFn: () => data(api.GET('/api/outreach/calendar', { params: { query: { year: chosen } } })),
  })
  return (
    <Loaded query={calendar}>
      {(found) => (
        <section aria-label={t('policy.calendar', { year: found.year })}>
          <Flex align="center" gap={4} style={{ marginBottom: 8 }}>
            <Button
              disabled={found.year <= found.first_year}
              size="small"
              type="text"
              icon={<LeftOutlined />}
              aria-label={t('policy.previous')}
              onClick={() => setChosen(found.year - 1)}
            />
            <Typography.Text strong>{t('policy.calendar', { year: found.year })}</Typography.Text>
            <Button
              disabled={found.year > found.last_year}
              size="small"
              type="text"
              icon={<RightOutlined />}
              aria-label={t('policy.next')}
              onClick={() => setChosen(found.year + 1)}
            />
            {mayRead && (
              <Link to="/workdays" style={{ marginInlineStart: 8 }}>
                {t('nav.workdays')}
              </Link>
            )}
          </Flex>
          {found.known ? (
            <Flex gap={8} wrap>
              {spansOf(found.days).map((span) => (
                <Tag
                  key={span.first}
                  color={span.kind === 'holiday' ? 'green' : 'default'}
                  style={{ margin: 0, whiteSpace: 'normal' }}
                >
                  {span.kind === 'holiday'
                    ? `${span.names.map(named).join(t('shared.comma'))} ${period(span.first, span.last)} · ${t('policy.calendar_off', { count: span.days })}`
                    : `${period(span.first, span.last)} ${t('policy.calendar_worked')}`}
                </Tag>
              ))}
            </Flex>
          ) : (
            <Alert
              type="warning"
              showIcon
              title={t('policy.year_unknown', { year: found.year })}
              description={t('policy.year_unknown_hint')}
            />
          )}
        </section>
      )}
    </Loaded>
  )
}

function period(first: string, last: string): string {
  const said = (day: string) => dayjs(day).format('MM-DD')
  return first === last ? said(first) : `${said(first)} – ${said(last)}`
}
