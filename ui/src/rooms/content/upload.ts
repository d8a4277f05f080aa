import { ApiError } from '@/api/client'
import type { components } from '@/api/schema'

export type Uploaded = components['schemas']['siyu__content__told__FileBody']

/** Sends a PDF or an image and tells how much of it is gone (0 to 1): fetch cannot tell. */
export function upload(file: File, gone: (share: number) => void): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest()
    const form = new FormData()
    form.append('file', file)
    call.open('POST', '/api/content/files')
    call.responseType = 'json'
    call.upload.onprogress = (event) => event.lengthComputable && gone(event.loaded / event.total)
    call.onload = () => {
      const body = call.response
      if (call.status < 300 && body) return resolve(body)
      const { code = 'unreachable', message = call.statusText, field = null, detail = {} } = body ?? {}
      reject(new ApiError(call.status, code, message, field, detail))
    }
    call.onerror = () => reject(new ApiError(0, 'unreachable', 'The server cannot be reached', null, {}))
    call.send(form)
  })
}
