import createClient from 'openapi-fetch'
import type { paths } from './schema'

/** An error body of the API: a stable code, a message, the field it is about. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null,
    readonly detail: Record<string, unknown>,
  ) {
    super(message)
  }
}

export const api = createClient<paths>({ baseUrl: '' })

api.use({
  async onResponse({ response }) {
    if (response.ok) return undefined
    let body: { code?: string; message?: string; field?: string | null; detail?: Record<string, unknown> } = {}
    try {
      body = await response.clone().json()
    } catch {
      body = {}
    }
    throw new ApiError(
      response.status,
      body.code ?? 'unreachable',
      body.message ?? response.statusText,
      body.field ?? null,
      body.detail ?? {},
    )
  },
})

/** The data of a call; errors were thrown by the middleware above. */
export async function data<T>(call: Promise<{ data?: T }>): Promise<T> {
  const answer = await call
  return answer.data as T
}
