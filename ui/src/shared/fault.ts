import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { ApiError } from '@/api/client'

/** What went wrong, in the language of the screen: our words for a known code, else the server's message. */
export function faultText(error: unknown, t: TFunction, language: string): string {
  if (!(error instanceof ApiError))
    return t('error.screen', { message: error instanceof Error ? error.message : String(error) })
  return language === 'zh' ? t(`error.${error.code}`, { defaultValue: error.message }) : error.message
}

export function useFault(): (error: unknown) => string {
  const { t, i18n } = useTranslation()
  return (error) => faultText(error, t, i18n.language)
}
