import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from '../support/harness.ts'
import { call } from '../support/send.ts'
import { storedDeliveries, webhook } from '../support/webhooks.ts'
import { namedWorkflow } from '../support/workflowseed.ts'
import { listActivity } from '../../src/domain/activity.ts'
import { line as lineOf } from '../../src/domain/graphline.ts'
import { CallDesk } from '../../src/jobs/workflowcalls.ts'
import { callMaker } from '../../src/jobs/workflowservices.ts'
import { WorkflowRunner } from '../../src/jobs/workflows.ts'
import { Programs } from '../../src/domain/workflowruns.ts'

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

// A workflow that calls its own URL through an address out there.

const silent = { info: () => {}, error: () => {} }

/** A runner whose calls come back here, as through a proxy that hands every header on. */
function runnerOf(target: string): { run(): Promise<void> } {
  const send = async ({ headers, body }: { headers: Headings; body?: string | undefined }) => {
    const { status, text } = await call(app, target, { headers, body, key: 'keva' })
    return { failure: null, status, retryAfter: null, text, durationMs: 1 }
  }
  const none = new Map<string, string>()
  const services = { mail: null, model: null, slack: none, teams: none, connectors: none }
  const calls = new CallDesk({
    desk: app.desk,
    log: silent,
    lease: 'test',
    inFlightMost: () => 16,
    breakOff: () => {},
    timeoutMs: () => 1000,
    make: callMaker(() => ({ ...services, send, sendToOwn: send })),
  })
  const rules = { programs: new Programs(), autonomy: { level: 2, sensitive: [] }, signature: '' }
  const runner = new WorkflowRunner({ desk: app.desk, log: silent, rules: () => rules, calls })
  return {
    async run() {
      for (let quiet = 0; quiet < 20; quiet++) {
        runner.wake()
        await runner.settled()
        while (calls.inFlight > 0) await Bun.sleep(0)
      }
    },
  }
}

type Headings = { readonly [name: string]: string }

const calling = (body: object) =>
  lineOf(
    { label: 'Start' },
    { label: 'Call', action: 'send_webhook', config: { url: 'https://proxy.test/back', body } },
  )

type RunRow = { readonly hops: number; readonly status: string; readonly error: string | null }

function runs(): RunRow[] {
  return JSON.parse(app.dump().get('workflow_runs') ?? '[]') as RunRow[]
}

function cuts(): string[] {
  const { rows } = app.read((reader) => listActivity(reader, { limit: 100, offset: 0 }))
  return rows.filter(({ kind }) => kind === 'workflow.cut').map(({ subject }) => subject ?? '')
}

test.each(['/api', '/api/v1', '/v1'])(
  'a workflow that calls its own URL below %s is cut at the third hop, and the activity log says so',
  async (base) => {
    const graph = calling({ again: true })
    await namedWorkflow({ name: 'Echo', triggerType: 'webhook', isActive: true, graph })(app)
    await call(app, `POST ${base}/webhooks/workflow/{workflow}`, { body: {} })
    await runnerOf(`POST ${base}/webhooks/workflow/{workflow}`).run()
    expect(runs().map(({ hops, status, error }) => [hops, status, error])).toEqual([
      [0, 'completed', null],
      [1, 'completed', null],
      [2, 'failed', 'It was answered 400'],
    ])
    expect(cuts()).toEqual(['Echo'])
  },
)

test('a workflow that opens tickets through the API for each new ticket is cut as well', async () => {
  const graph = calling({ subject: 'x', customerEmail: 'mara@northwind.test', body: 'y' })
  await namedWorkflow({ triggerType: 'ticket_created', isActive: true, graph })(app)
  await call(app, keva.line, { key: 'keva', body: keva.body })
  await runnerOf(keva.line).run()
  expect(runs().map(({ hops, status }) => [hops, status])).toEqual([
    [0, 'completed'],
    [1, 'completed'],
    [2, 'failed'],
  ])
  // What its runs changed was told on with as many hops.
  expect(storedDeliveries(app).map((row) => row['hops'])).toEqual([1, 2, 3])
})

test('what a run changes is told with the hops of its run', async () => {
  const graph = lineOf(
    { label: 'Start' },
    { label: 'Say', action: 'send_reply', config: { content: 'x' } },
  )
  await webhook(app, { events: ['message.created'] })
  await namedWorkflow({ triggerType: 'ticket_created', isActive: true, graph })(app)
  const headers = { 'X-Deskbox-Hops': '2' }
  await call(app, keva.line, { key: 'keva', body: keva.body, headers })
  await runnerOf(keva.line).run()
  const told = storedDeliveries(app).map((row) => [row['event_type'], row['hops']])
  expect(told).toContainEqual(['message.created', 3])
  expect(told.filter(([, hops]) => hops !== 3)).toEqual([])
})

test('nobody who may not start a workflow makes an entry of it', async () => {
  const headers = { 'X-Deskbox-Hops': '3' }
  await namedWorkflow({ triggerType: 'webhook' })(app)
  const before = app.dump()
  const answer = await call(app, 'POST /api/webhooks/workflow/{workflow}', { headers, body: {} })
  expect(answer.status).toBe(404)
  expect(app.changedSince(before)).toEqual([])
})
