import { afterEach, expect, test, vi } from 'vitest'
import { type ApiError, api, data } from './client'

afterEach(() => vi.unstubAllGlobals())

/** A server that answers so, one after another; what it was told stays to be read. */
function server(...answers: [number, unknown][]): string[] {
  const told: string[] = []
  vi.stubGlobal('fetch', async (request: Request) => {
    told.push(await request.text())
    const [status, body] = answers[Math.min(told.length, answers.length) - 1] ?? [500, {}]
    return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
  })
  return told
}

function asked() {
  const body = { name: '来源' }
  return data(api.POST('/api/tags/groups', { baseUrl: 'http://siyu.test', body }))
}

test('who collided with somebody else asks again with the same body', async () => {
  const told = server([503, { code: 'collided' }], [201, { group_id: 7 }])
  expect(await asked()).toEqual({ group_id: 7 })
  expect(told).toEqual(['{"name":"来源"}', '{"name":"来源"}'])
})

test('after three times it is told, and another refusal is told at once', async () => {
  const often = server([503, { code: 'collided' }])
  await expect(asked()).rejects.toMatchObject({ status: 503, code: 'collided' } satisfies Partial<ApiError>)
  expect(often).toHaveLength(3)
  const away = server([503, { code: 'database_away' }])
  await expect(asked()).rejects.toMatchObject({ code: 'database_away' })
  expect(away).toHaveLength(1)
})
