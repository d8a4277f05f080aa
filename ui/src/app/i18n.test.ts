import { expect, test } from 'vitest'
import { i18n, switchLanguage } from './i18n'

/** Words that stay as they are in the other language. */
const KEPT_IN_ENGLISH = new Set(['language.other'])
const CHINESE = /[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]/
/** Names of things and what stands in files and addresses, in lower case. */
const KNOWN = new Set(
  (
    'siyu make run yaml json csv xlsx utm url api id oa openid unionid appid webhook html ctrl crm excel gb gbk utf ' +
    'unicode td sql mql ok http https pdf xls mb journey apply'
  ).split(' '),
)

function words(language: string): [string, string][] {
  return Object.entries(i18n.getResourceBundle(language, 'translation') as Record<string, string>)
}

test('English screens hold no Chinese', () => {
  expect(words('en').filter(([key, text]) => CHINESE.test(text) && !KEPT_IN_ENGLISH.has(key))).toEqual([])
})

test('Chinese screens hold no English beside names', () => {
  const plain = (text: string) => text.replace(/\{\{[^}]+\}\}/g, ' ').match(/[A-Za-z][A-Za-z]+/g) ?? []
  const left = words('zh')
    .map(([key, text]) => [key, plain(text).filter((word) => !KNOWN.has(word.toLowerCase()))] as const)
    .filter(([key, found]) => found.length > 0 && key !== 'language.other')
  expect(left).toEqual([])
})

test('whatever is said in one language is said in the other', () => {
  const zh = new Set(words('zh').map(([key]) => key))
  const en = new Set(words('en').map(([key]) => key))
  // Of faults the server's own message is shown in English; the names of holidays come from the server in Chinese.
  const fault = /^(error|import\.fault|import\.unread|segment\.fault|content\.fault)\./
  expect([...zh].filter((key) => !en.has(key) && !fault.test(key))).toEqual([])
  expect([...en].filter((key) => !zh.has(key) && !key.startsWith('holiday.'))).toEqual([])
})

test('counts are separated, numbers that are names are not', () => {
  switchLanguage('zh')
  expect(i18n.t('shared.people', { count: 1234567 })).toBe('1,234,567 人')
  expect(i18n.t('customer.nameless', { id: 1234567 })).toBe('未留名客户 #1234567')
  expect(i18n.t('policy.calendar', { year: 2026 })).toBe('2026 年放假安排')
})
