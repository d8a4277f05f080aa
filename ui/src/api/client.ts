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

type Renew = () => Promise<boolean>
let renew: Renew | null = null
const SESSION_OWN = ['/api/team/sign-in', '/api/team/sign-out']

/** Who is asked when a session has ended: answers whether there is one again. Returns what takes the asking back. */
export function whenSessionEnds(ask: Renew): () => void {
  renew = ask
  return () => {
    if (renew === ask) renew = null
  }
}

const WAITS_MS = [150, 600]

/** Asks the server; who changed the same as somebody else at the same time, and changed nothing, asks again. */
async function persistent(asked: Request): Promise<Response> {
  let request = asked
  for (const wait of WAITS_MS) {
    const again = request.clone()
    const answer = await fetch(request)
    if (answer.status !== 503) return answer
    const body = (await answer
      .clone()
      .json()
      .catch(() => null)) as { code?: string } | null
    if (body?.code !== 'collided') return answer
    await new Promise((resolve) => setTimeout(resolve, wait * (1 + Math.random())))
    request = again
  }
  return fetch(request)
}

/** A request that found its session ended is repeated once there is one again. */
async function asked(request: Request): Promise<Response> {
  const again = request.clone()
  const answer = await persistent(request)
  if (answer.status !== 401 || !renew || SESSION_OWN.includes(new URL(request.url).pathname)) return answer
  return (await renew()) ? persistent(again) : answer
}

export const api = createClient<paths>({ baseUrl: '', fetch: asked })

api.use({
  onError() {
    return new ApiError(0, 'unreachable', 'The server cannot be reached; check the network or try again', null, {})
  },
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
