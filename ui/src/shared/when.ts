import dayjs, { type Dayjs } from 'dayjs'
import timezone from 'dayjs/plugin/timezone'
import utc from 'dayjs/plugin/utc'

dayjs.extend(utc)
dayjs.extend(timezone)

/** From now on moments are shown and days are read in the company's zone, wherever the browser is. */
export function liveIn(zone: string): void {
  dayjs.tz.setDefault(zone)
}

/** A moment on the company's clock. */
export function local(iso?: string): Dayjs {
  return dayjs(iso).tz()
}

/** The instant at which a day (`YYYY-MM-DD`) begins for the company, as the API takes it. */
export function dawn(date: string): string {
  return dayjs.tz(`${date}T00:00:00`).toISOString()
}

/** A moment as people write it: without the year when it is this one. */
export function when(iso: string | null | undefined): string {
  if (!iso) return '—'
  const moment = local(iso)
  return moment.format(moment.year() === local().year() ? 'MM-DD HH:mm' : 'YYYY-MM-DD HH:mm')
}

/** A moment with seconds, for titles and exact comparisons. */
export function exactly(iso: string | null | undefined): string {
  return iso ? local(iso).format('YYYY-MM-DD HH:mm:ss') : '—'
}

export function day(iso: string): string {
  return local(iso).format('YYYY-MM-DD dddd')
}

/** 分 as money. */
export function money(amount: number, currency: string): string {
  return new Intl.NumberFormat('zh-CN', { style: 'currency', currency }).format(amount / 100)
}
