import { EyeInvisibleOutlined } from '@ant-design/icons'
import { useSay } from '@/shared/say'
import './editor.css'

/** What cannot be known where chats between staff and customers are not seen: who is left out, who passes for silent. */
export interface Unseen {
  misses: boolean
  silent: boolean
}

/** A note at a condition that depends on chats which only the conversation archive shows. */
export function NeedsArchive({ misses, silent }: Unseen) {
  const t = useSay()
  return (
    <div className="cond-unseen" role="note">
      <EyeInvisibleOutlined aria-hidden /> <b>{t('archive.needed')}</b>
      {t('shared.colon')}
      {t(`archive.${silent ? (misses ? 'both' : 'silent') : 'misses'}`)}
    </div>
  )
}
