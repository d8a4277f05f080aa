import { ApiError } from '@/api/client'
import type { Say } from '@/shared/say'

/** The server gives one code for every file that it cannot read; what to do about it stands in its English message. */
const REASONS: [RegExp, string][] = [
  [/file is empty|holds no rows/, 'empty'],
  [/old \.xls|locked/, 'locked'],
  [/damaged/, 'damaged'],
  [/neither CSV nor XLSX|ZIP archive/, 'kind'],
  [/quotation mark/, 'quote'],
  [/file is not /, 'encoding'],
  [/header must be/, 'header'],
  [/more memory or time/, 'heavy'],
]

/** Why a file was not taken, in Chinese; null when there is no better word than the code's own. */
export function fileFault(error: unknown, t: Say): string | null {
  if (!(error instanceof ApiError) || error.code !== 'bad_import_file') return null
  const reason = REASONS.find(([message]) => message.test(error.message))?.[1]
  return reason ? t(`import.unread.${reason}`, { row: error.detail.row }) : null
}
