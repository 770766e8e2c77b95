import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/harness.ts'
import { call } from '../support/send.ts'
import { storedDeliveries, webhook } from '../support/webhooks.ts'

// A webhook that leads back to this server (reliability.md, bar W12): the chain ends at its third hop.

let app: TestApp
beforeEach(async () => {
  app = await openTestApp()
  await webhook(app, { events: ['label.created', 'ticket.created'] })
})
afterEach(() => app[Symbol.dispose]())

const keva = {
  line: 'POST /api/v1/tickets',
  key: 'keva',
  body: { subject: 'x', customerEmail: 'mara@northwind.test', body: 'y' },
} as const
const deskhive = {
  line: 'POST /api/v1/internal/labels',
  key: 'special',
  body: { name: 'Late', color: '#abc' },
} as const

describe.each([
  [keva, 400, { error: 'Too many webhooks led to this call' }],
  [deskhive, 403, { message: 'Too many webhooks led to this call' }],
] as const)('%j', ({ line, key, body }, refusal, words) => {
  const send = (hops: string) => call(app, line, { key, body, headers: { 'X-Deskbox-Hops': hops } })

  test.each([
    ['', 1],
    ['0', 1],
    ['1', 2],
    ['2', 3],
    ['-7', 1],
    ['many', 1],
  ])('with %p behind it is told with %p', async (hops, told) => {
    expect((await send(hops)).status).toBe(201)
    expect(storedDeliveries(app).map((row) => row['hops'])).toEqual([told])
  })

  test.each(['3', '4', '999'])(
    'with %p behind it is refused, and changes nothing',
    async (hops) => {
      const before = app.dump()
      const answer = await send(hops)
      expect([answer.status, answer.body]).toEqual([refusal, words])
      expect(app.changedSince(before)).toEqual([])
    },
  )
})

test('a call that only reads is answered, however many lie behind it', async () => {
  const headers = { 'X-Deskbox-Hops': '9' }
  expect((await call(app, 'GET /api/v1/tickets', { key: 'keva', headers })).status).toBe(200)
})
