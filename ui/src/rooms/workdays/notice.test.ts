import { expect, test } from 'vitest'
import { isWeekend, monthOf, readNotice } from './notice'

test('a pasted notice is read line by line', () => {
  const text = `
    2027-01-01 至 2027-01-03 放假 元旦
    2月5日-2月7日 放假 春节
    2027/2/14 上班
    2027年10月1日—10月2日：国庆节放假
  `
  const { days } = readNotice(text, 2027)
  expect(days?.map((one) => [one.day.slice(5), one.mark, one.name])).toEqual([
    ['01-01', 'off', '元旦'],
    ['01-02', 'off', '元旦'],
    ['01-03', 'off', '元旦'],
    ['02-05', 'off', '春节'],
    ['02-06', 'off', '春节'],
    ['02-07', 'off', '春节'],
    ['02-14', 'worked', ''],
    ['10-01', 'off', '国庆节'],
    ['10-02', 'off', '国庆节'],
  ])
})

test('the first line that says nothing is named', () => {
  expect(readNotice('2027-01-01 放假\n2027-02-30 放假', 2027).bad).toMatchObject({ line: 2, why: 'bad_line' })
  expect(readNotice('1月1日 元旦', 2027).bad).toMatchObject({ line: 1, why: 'bad_line' })
  expect(readNotice('\n2026-12-31 放假', 2027).bad).toMatchObject({ line: 2, why: 'other_year' })
  expect(readNotice('', 2027)).toEqual({ days: [], bad: null })
})

test('months begin on Monday', () => {
  const march = monthOf(2026, 3)
  expect([march.length, march[0], march[6], march.at(-1)]).toEqual([37, null, '2026-03-01', '2026-03-31'])
  expect([isWeekend('2026-03-01'), isWeekend('2026-03-02')]).toEqual([true, false])
})
