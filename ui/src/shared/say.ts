import { useTranslation } from 'react-i18next'

/** Says a word or sentence in the language of the screen. */
export type Say = (key: string, values?: Record<string, unknown>) => string

export function useSay(): Say {
  const { t } = useTranslation()
  return (key, values) => String(t(key, { ...values }))
}
