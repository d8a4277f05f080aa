import { useBlocker } from '@tanstack/react-router'
import { App } from 'antd'
import { useTranslation } from 'react-i18next'

/** Asks before a person leaves with something unsaved; also before the tab is closed. */
export function useLeaving(unsaved: () => boolean, title: string, content: string): void {
  const { t } = useTranslation()
  const { modal } = App.useApp()
  useBlocker({
    shouldBlockFn: async ({ current, next }) => {
      if (!unsaved() || current.pathname === next.pathname) return false
      return !(await modal.confirm({
        title,
        content,
        okText: t('shared.discard'),
        okButtonProps: { danger: true },
        cancelText: t('shared.stay'),
      }))
    },
    enableBeforeUnload: unsaved,
  })
}
