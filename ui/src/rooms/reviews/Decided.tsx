import { Alert, Button } from 'antd'
import { useSay } from '@/shared/say'
import type { Last } from './useCases'

/** What was decided just now, and the way back. */
export function Decided({
  last,
  busy,
  undo,
  close,
}: {
  last: Last
  busy: boolean
  undo: (last: Last) => void
  close: () => void
}) {
  const t = useSay()
  return (
    <Alert
      type="success"
      showIcon
      role="status"
      closable={{ onClose: close }}
      title={t(`review.decided_${last.verdict}`, { names: last.names.join(t('shared.comma')) })}
      action={
        <Button size="small" loading={busy} onClick={() => undo(last)}>
          {t('review.undo')} <kbd>U</kbd>
        </Button>
      }
      style={{ marginBottom: 12 }}
    />
  )
}
