import dayjs from 'dayjs'

/** A moment as people write it: without the year when it is this one. */
export function when(iso: string | null | undefined): string {
  if (!iso) return '—'
  const moment = dayjs(iso)
  return moment.format(moment.year() === dayjs().year() ? 'MM-DD HH:mm' : 'YYYY-MM-DD HH:mm')
}

/** A moment with seconds, for titles and exact comparisons. */
export function exactly(iso: string | null | undefined): string {
  return iso ? dayjs(iso).format('YYYY-MM-DD HH:mm:ss') : '—'
}

export function day(iso: string): string {
  return dayjs(iso).format('YYYY-MM-DD dddd')
}

/** 分 as money. */
export function money(amount: number, currency: string): string {
  return new Intl.NumberFormat('zh-CN', { style: 'currency', currency }).format(amount / 100)
}
