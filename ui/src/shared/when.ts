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

/** The instant of a wall-clock time (`YYYY-MM-DDTHH:mm`) of the company. */
export function instant(text: string): string {
  return dayjs.tz(text).toISOString()
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

/** A day as people say it: without the year when it is this one. */
export function day(date: string): string {
  const moment = dayjs.tz(`${date}T00:00:00`)
  const year = moment.year() === local().year() ? '' : moment.locale() === 'zh-cn' ? 'YYYY年' : ' YYYY'
  return moment.format(moment.locale() === 'zh-cn' ? `${year}M月D日 dddd` : `dddd, MMMM D${year && `,${year}`}`)
}

/** 分 as money. */
export function money(amount: number, currency: string): string {
  return new Intl.NumberFormat('zh-CN', { style: 'currency', currency }).format(amount / 100)
}
