import { ApiError } from '@/api/client'
import type { Import } from './look'

/** As the server keeps them; a larger file is not sent at all. */
export const MOST_BYTES = 200 * 1024 * 1024

/** What can be told of a file before it is sent: a word of the error, or null. */
export function unfit(file: { name: string; size: number }): 'empty' | 'large' | 'old' | 'kind' | null {
  const ending = /\.[^.]*$/.exec(file.name.toLowerCase())?.[0]
  if (ending === '.xls' || ending === '.et') return 'old'
  if (ending && !['.csv', '.txt', '.tsv', '.xlsx', '.xlsm'].includes(ending)) return 'kind'
  if (file.size === 0) return 'empty'
  return file.size > MOST_BYTES ? 'large' : null
}

/** Sends a file and tells how much of it is gone (0 to 1): fetch cannot tell. Aborting rejects with AbortError. */
export function upload(file: File, gone: (share: number) => void, signal: AbortSignal): Promise<Import> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest()
    const form = new FormData()
    form.append('file', file)
    call.open('POST', '/api/imports')
    call.responseType = 'json'
    call.upload.onprogress = (event) => event.lengthComputable && gone(event.loaded / event.total)
    call.onload = () => {
      const body = call.response
      if (call.status < 300 && body) return resolve(body)
      reject(
        new ApiError(
          call.status,
          body?.code ?? 'unreachable',
          body?.message ?? call.statusText,
          body?.field ?? null,
          body?.detail ?? {},
        ),
      )
    }
    call.onerror = () => reject(new ApiError(0, 'unreachable', 'The server cannot be reached', null, {}))
    call.onabort = () => reject(new DOMException('Aborted', 'AbortError'))
    signal.addEventListener('abort', () => call.abort())
    call.send(form)
  })
}
