import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import i18n from 'i18next'
import { initReactI18next } from 'react-i18next'
import { number } from '@/shared/number'

/** Each room brings its own words: `src/rooms/<room>/words.ts` exports `{ zh, en }` under one namespace. */
const modules = import.meta.glob<{ words: { zh: Record<string, string>; en: Record<string, string> } }>(
  ['../rooms/*/words.ts', './words.ts', '../shared/words.ts'],
  { eager: true },
)

const zh: Record<string, string> = {}
const en: Record<string, string> = {}
for (const module of Object.values(modules)) {
  Object.assign(zh, module.words.zh)
  Object.assign(en, module.words.en)
}

const KEY = 'siyu.language'

function stored(): string {
  try {
    return localStorage.getItem(KEY) ?? 'zh'
  } catch {
    return 'zh'
  }
}

/** Counts are separated; other numbers are names (#12345) or years. */
const COUNTS = /\{\{(count|done|total)\}\}/g

function counted(words: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(words).map(([key, text]) => [key, text.replace(COUNTS, '{{$1, counted}}')]))
}

void i18n.use(initReactI18next).init({
  resources: { zh: { translation: counted(zh) }, en: { translation: counted(en) } },
  lng: stored(),
  fallbackLng: 'zh',
  keySeparator: false,
  nsSeparator: false,
  interpolation: { escapeValue: false },
})
i18n.services.formatter?.add('counted', (value) => (typeof value === 'number' ? number(value) : String(value)))

dayjs.locale(stored() === 'zh' ? 'zh-cn' : 'en')
document.documentElement.lang = stored() === 'zh' ? 'zh-CN' : 'en'

export function switchLanguage(language: 'zh' | 'en'): void {
  dayjs.locale(language === 'zh' ? 'zh-cn' : 'en')
  void i18n.changeLanguage(language)
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // private mode: the choice lasts for this page only
  }
}

export { i18n }
