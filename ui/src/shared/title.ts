import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'

/** Names the browser's tab, so that several open customers can be told apart and found in the history. */
export function useTitle(title: string | undefined): void {
  const { t } = useTranslation()
  const product = t('app.name')
  useEffect(() => {
    document.title = title ? `${title} · ${product}` : product
  }, [title, product])
}
