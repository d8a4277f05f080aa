import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Alert, Button, Card, Flex, Input, Popover, Tag, Typography } from 'antd'
import { useState } from 'react'
import { api, data } from '@/api/client'
import type { components } from '@/api/schema'
import { useMay } from '@/app/session'
import { Page } from '@/shared/Page'
import { useSay } from '@/shared/say'
import { Loaded } from '@/shared/states'
import { useTell } from '@/shared/tell'
import { day as dayWord } from '@/shared/when'
import { Import } from './Import'
import { isWeekend, monthOf } from './notice'
import './workdays.css'

type Year = components['schemas']['YearBody']
type Day = components['schemas']['DayBody']

const MONTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

/** The company's calendar of a year: holidays, worked weekends, and days of its own, entered by a click. */
export default function WorkdaysPage() {
  const t = useSay()
  const may = useMay('workdays.write')
  const [chosen, setChosen] = useState<number | undefined>()
  const [importing, setImporting] = useState(false)
  const found = useQuery({
    queryKey: ['workdays', chosen ?? 'now'],
    placeholderData: keepPreviousData,
    queryFn: () => data(api.GET('/api/workdays', { params: { query: { year: chosen } } })),
  })
  return (
    <Page
      title={t('nav.workdays')}
      hint={t('workdays.hint')}
      extra={may && found.data && <Button onClick={() => setImporting(true)}>{t('workdays.import')}</Button>}
    >
      <Loaded query={found}>
        {(year) => (
          <Card
            title={
              <Flex align="center" gap={8} wrap>
                <Button
                  type="text"
                  size="small"
                  icon={<LeftOutlined />}
                  aria-label={t('workdays.previous')}
                  disabled={year.year <= 2001}
                  onClick={() => setChosen(year.year - 1)}
                />
                {t('workdays.year', { year: String(year.year) })}
                <Button
                  type="text"
                  size="small"
                  icon={<RightOutlined />}
                  aria-label={t('workdays.following')}
                  disabled={year.year >= 2100}
                  onClick={() => setChosen(year.year + 1)}
                />
                {year.known && <Tag color="green">{t(year.declared ? 'workdays.declared' : 'workdays.shipped')}</Tag>}
                {year.days.some((one) => one.own) && (
                  <Tag color="blue">{t('workdays.own', { count: year.days.filter((one) => one.own).length })}</Tag>
                )}
              </Flex>
            }
          >
            {!year.known && (
              <Alert
                type="warning"
                showIcon
                title={t('workdays.unknown', { year: String(year.year) })}
                description={t('workdays.unknown_hint')}
                style={{ marginBottom: 16 }}
              />
            )}
            <Flex gap={16} wrap style={{ marginBottom: 12 }}>
              <span className="siyu-day holiday legend">{t('workdays.kind.holiday')}</span>
              <span className="siyu-day worked legend">{t('workdays.kind.adjusted_workday')}</span>
              <span className="siyu-day own legend">{t('workdays.legend_own')}</span>
            </Flex>
            <div className="siyu-months">
              {MONTHS.map((month) => (
                <Month key={month} year={year} month={month} />
              ))}
            </div>
            {importing && <Import year={year} close={() => setImporting(false)} />}
          </Card>
        )}
      </Loaded>
    </Page>
  )
}

function Month({ year, month }: { year: Year; month: number }) {
  const known = new Map(year.days.map((one) => [one.day, one]))
  const title = `${year.year}-${String(month).padStart(2, '0')}`
  return (
    <section aria-label={title}>
      <Typography.Text strong>{title}</Typography.Text>
      <div className="siyu-month">
        {monthOf(year.year, month).map((date, at) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: blanks before the first stay where they are
          date === null ? <span key={at} /> : <DayCell key={date} date={date} day={known.get(date)} />,
        )}
      </div>
    </section>
  )
}

function DayCell({ date, day }: { date: string; day?: Day }) {
  const t = useSay()
  const may = useMay('workdays.write')
  const [open, setOpen] = useState(false)
  const plain = isWeekend(date) ? 'weekend' : 'workday'
  const what = day ? `${day.name} ${t(`workdays.kind.${day.kind}`)}` : t(`workdays.plain.${plain}`)
  const look = day?.kind === 'holiday' ? 'holiday' : day ? 'worked' : plain
  const button = (
    <button
      type="button"
      className={`siyu-day ${look}${day?.own ? ' own' : ''}`}
      aria-label={t('workdays.day', { day: date, what })}
      title={what}
    >
      {Number(date.slice(8))}
    </button>
  )
  return (
    <Popover
      trigger="click"
      open={open}
      onOpenChange={setOpen}
      title={dayWord(date)}
      content={
        <>
          <div>{what}</div>
          {may && <Edit date={date} day={day} close={() => setOpen(false)} />}
        </>
      }
      destroyOnHidden
    >
      {button}
    </Popover>
  )
}

function Edit({ date, day, close }: { date: string; day?: Day; close: () => void }) {
  const t = useSay()
  const tell = useTell()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const off = day ? day.kind === 'holiday' || day.kind === 'weekend' : isWeekend(date)
  const path = { day: date }
  const saving = useMutation({
    mutationFn: (mark: 'off' | 'worked' | null) =>
      mark === null
        ? data(api.DELETE('/api/workdays/days/{day}', { params: { path } }))
        : data(api.PUT('/api/workdays/days/{day}', { params: { path }, body: { mark, name: name.trim() } })),
    onSuccess: async () => {
      tell.done(t('workdays.saved'))
      close()
      await Promise.all([
        client.invalidateQueries({ queryKey: ['workdays'] }),
        client.invalidateQueries({ queryKey: ['calendar'] }),
      ])
    },
    onError: tell.failed,
  })
  if (day?.own) {
    return (
      <Button style={{ marginTop: 8 }} loading={saving.isPending} onClick={() => saving.mutate(null)}>
        {t('workdays.take_back')}
      </Button>
    )
  }
  return (
    <Flex gap={8} style={{ marginTop: 8 }}>
      <Input
        value={name}
        maxLength={40}
        placeholder={t('workdays.name')}
        aria-label={t('workdays.name')}
        onChange={(event) => setName(event.target.value)}
      />
      <Button type="primary" loading={saving.isPending} onClick={() => saving.mutate(off ? 'worked' : 'off')}>
        {t(off ? 'workdays.set_worked' : 'workdays.set_off')}
      </Button>
    </Flex>
  )
}
