import { createHmac } from 'node:crypto'
import { expect } from 'bun:test'
import { triggerWorkflow } from '../../../src/domain/executions.ts'
import { line, tagged } from '../../../src/domain/graphline.ts'
import { updateWorkflow } from '../../../src/domain/workflows.ts'
import { publicId } from '../../../src/lib/ids.ts'
import { contract, uid, type Row } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import { ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'
import {
  namedWorkflow,
  simpleGraph,
  startedWorkflow,
  workflow,
} from '../../support/workflowseed.ts'
import { kevaRefusals } from '../refusals.ts'

// keva.md 8.6 and 8.7, and the versions of a workflow (ours).

const at = '2026-05-04T08:15:00Z'
const nobody = `wf_${'0'.repeat(26)}`
const noRun = `exec_${'0'.repeat(26)}`

const missing = { status: 404, reply: { error: 'Workflow not found' } }
const notThere = { status: 404, reply: { error: 'Not found' } }
const inactive = { status: 400, reply: { error: 'Workflow is not active' } }

const shown = {
  id: uid('exec'),
  workflowId: uid('wf'),
  ticketId: null as unknown,
  triggerType: 'ticket_created',
  status: 'running',
  startedAt: at,
  completedAt: null as string | null,
  durationMs: null as number | null,
  error: null as string | null,
  version: 1,
}

const urgentOnly = line(
  { label: 'Start' },
  {
    label: 'Is it urgent?',
    conditions: [{ field: 'ticket.priority', operator: 'equals', value: 'urgent' }],
  },
  tagged(['hot']),
)

const active = namedWorkflow({ isActive: true })
const hooked = namedWorkflow({ isActive: true, triggerType: 'webhook' })

/** What the runner would have written of the newest run. */
const ran =
  (columns: string): ((app: TestApp) => void) =>
  (app) =>
    app.sql(`UPDATE workflow_runs SET ${columns} WHERE id = (SELECT max(id) FROM workflow_runs)`)

const start = async (app: TestApp) => {
  await app.write((tx) => triggerWorkflow(tx, 1, { ticketId: null, data: {} }))
}

/** The columns of the newest run. */
function newestRun(app: TestApp): { [name: string]: unknown } {
  const rows = JSON.parse(app.dump().get('workflow_runs') ?? '[]') as { [name: string]: unknown }[]
  return rows.at(-1) ?? {}
}

for (const base of ['/api/v1', '/v1', '/api']) {
  const path = `${base}/workflows`
  const one = (record: object) => (base === '/api' ? record : { data: record })
  const list = (name: string, rows: readonly object[], more: object = {}) => {
    const { total, limit, offset } = { total: rows.length, limit: 50, offset: 0, ...more }
    if (base === '/api') return { [name]: rows, total, limit, offset }
    const perPage = 'limit' in more ? limit : 20
    const page = Math.floor(offset / perPage) + 1
    return {
      data: rows,
      pagination: {
        page,
        perPage,
        total,
        nextCursor: offset + rows.length < total ? expect.any(String) : null,
      },
    }
  }

  contract(
    `POST ${path}/:id/trigger`,
    { key: 'keva', call: `POST ${path}/{workflow}/trigger`, given: [ticket, active] },
    [
      {
        name: 'starts a run of the ticket, with its data',
        body: { data: { why: 'because', n: [1, { x: null }] } },
        status: 200,
        reply: one({ executionId: uid('exec'), status: 'running' }),
        after(app) {
          expect(newestRun(app)).toMatchObject({
            ticket_id: null,
            trigger_data: '{"why":"because","n":[1,{"x":null}]}',
            version: 1,
            cause: null,
          })
          expect(JSON.parse(app.dump().get('workflows') ?? '[]')).toMatchObject([
            { execution_count: 1, last_triggered_at: Date.parse(at), row_version: 1 },
          ])
        },
      },
      {
        name: 'starts one without a body',
        body: {},
        status: 200,
        reply: one({ executionId: uid('exec'), status: 'running' }),
      },
      {
        name: 'starts one again each time',
        given: [ticket, active, start],
        body: { ticketId: null },
        status: 200,
        reply: one({ executionId: uid('exec'), status: 'running' }),
        after: (app) => expect(newestRun(app)).toMatchObject({ id: 2 }),
      },
      {
        name: 'refuses a ticket that is not there, and data that is none, at once',
        body: { ticketId: `tkt_${'0'.repeat(26)}`, data: [] },
        status: 422,
        reply: {
          error: 'Validation failed',
          details: [
            { field: 'ticketId', message: 'Invalid ticketId' },
            { field: 'data', message: 'Invalid data format' },
          ],
        },
      },
      { ...inactive, name: 'refuses one that is off', given: workflow, body: {} },
      { ...missing, name: 'finds nobody', call: `POST ${path}/${nobody}/trigger`, body: {} },
      ...kevaRefusals(`POST ${path}/${nobody}/trigger`, 'kevaReader'),
    ],
  )

  contract(`the ticket of POST ${path}/:id/trigger`, { key: 'keva' }, [
    {
      name: 'is that of the run, and its runs wait for each other',
      given: [
        ticket,
        active,
        async (app) => {
          await app.write((tx) => triggerWorkflow(tx, 1, { ticketId: 1, data: {} }))
        },
        async (app) => {
          const body = { ticketId: app.named.get('ticket') }
          const line = `POST ${path}/{workflow}/trigger`
          const { status, body: reply } = await call(app, line, { key: 'keva', body })
          expect([status, reply]).toEqual([
            200,
            one({ executionId: uid('exec'), status: 'waiting' }),
          ])
        },
      ],
      call: `GET ${path}/{workflow}/executions`,
      status: 200,
      reply: list('executions', [
        { ...shown, ticketId: uid('tkt'), status: 'waiting' },
        { ...shown, ticketId: uid('tkt') },
      ]),
    },
  ])

  contract(
    `POST ${path}/:id/simulate`,
    { key: 'keva', call: `POST ${path}/{workflow}/simulate`, given: [ticket, workflow] },
    [
      {
        name: 'says what would be done to past tickets, and does nothing',
        given: [
          ticket,
          workflow,
          (app) => void app.named.set('rows', [...app.dump().values()].join()),
        ],
        body: {},
        status: 200,
        reply: one({
          tickets: 1,
          matched: 1,
          visits: { start: 1, step1: 1, end: 1 },
          results: [
            {
              ticketId: uid('tkt'),
              reference: 'SD-1001',
              path: [
                { nodeId: 'step1', type: 'action', actionType: 'add_tags', needsApproval: false },
              ],
              changes: [{ field: 'tags', from: [], to: ['hot'] }],
              sends: [],
            },
          ],
        }),
        after: (app) => expect([...app.dump().values()].join()).toBe(app.named.get('rows') ?? ''),
      },
      {
        name: 'tries another graph in its place, and says how each comparison came out',
        body: { workflowJson: urgentOnly, last: 5 },
        status: 200,
        reply: one({
          tickets: 1,
          matched: 0,
          visits: { start: 1, step1: 1, end: 1 },
          results: [],
        }),
      },
      {
        name: 'tries the tickets of a span of time',
        body: { from: '2026-05-05', to: '2026-05-06T00:00:00+02:00' },
        status: 200,
        reply: one({ tickets: 0, matched: 0, visits: {}, results: [] }),
      },
      {
        name: 'tries those up to now',
        body: { from: '2026-05-04T08:15:00Z' },
        status: 200,
        reply: (body: unknown) => expect(body).toMatchObject(one({ tickets: 1, matched: 1 })),
      },
      {
        name: 'names every bad field at once',
        body: { last: 0, from: 'yesterday', to: '2026-02-30', workflowJson: 5 },
        status: 422,
        reply: {
          error: 'Validation failed',
          details: [
            { field: 'last', message: 'Last must be between 1 and 10000' },
            { field: 'from', message: 'Invalid from format' },
            { field: 'to', message: 'Invalid to format' },
            { field: 'workflowJson', message: 'Invalid workflow json format' },
          ],
        },
      },
      {
        name: 'tries no graph that could not run',
        body: { workflowJson: {} },
        status: 422,
        reply: (body: unknown) =>
          expect(body).toMatchObject({
            details: [{ message: 'Nodes must be a list' }, {}, { field: 'workflowJson' }],
          }),
      },
      { ...missing, name: 'finds nobody', call: `POST ${path}/${nobody}/simulate`, body: {} },
      ...kevaRefusals(`POST ${path}/${nobody}/simulate`, 'kevaReader'),
    ],
  )

  contract(
    `GET ${path}/:id/executions`,
    { key: 'keva', call: `GET ${path}/{workflow}/executions`, given: active },
    [
      { name: 'is empty at first', status: 200, reply: list('executions', []) },
      {
        name: 'shows the newest first, and how long they took',
        given: [
          active,
          start,
          ran(`status = 'failed', error = 'No answer', completed_at = started_at + 840`),
          (app) => app.advance(60_000),
          start,
        ],
        status: 200,
        reply: list('executions', [
          { ...shown, startedAt: '2026-05-04T08:16:00Z' },
          { ...shown, status: 'failed', error: 'No answer', completedAt: at, durationMs: 840 },
        ]),
      },
      {
        name: 'leaves out those that did nothing',
        given: [active, start, ran(`status = 'skipped', completed_at = started_at`), start],
        status: 200,
        reply: list('executions', [shown]),
      },
      {
        name: 'shows them when they are asked for',
        call: `GET ${path}/{workflow}/executions?include=skipped`,
        given: [active, start, ran(`status = 'skipped', completed_at = started_at`), start],
        status: 200,
        reply: list('executions', [
          shown,
          { ...shown, status: 'skipped', completedAt: at, durationMs: 0 },
        ]),
      },
      {
        name: 'pages by limit and offset, from either end',
        call: `GET ${path}/{workflow}/executions?limit=1&offset=2`,
        given: [active, start, ran('version = 7'), start, start],
        status: 200,
        reply: list('executions', [{ ...shown, version: 7 }], { total: 3, limit: 1, offset: 2 }),
      },
      {
        name: 'shows no ticket that is gone',
        given: [
          ticket,
          active,
          async (app) => {
            await app.write((tx) => triggerWorkflow(tx, 1, { ticketId: 1, data: {} }))
            app.sql('DELETE FROM tickets')
          },
        ],
        status: 200,
        reply: list('executions', [shown]),
      },
      {
        name: 'refuses another word',
        call: `GET ${path}/{workflow}/executions?include=all`,
        status: 400,
        reply: { error: 'Invalid include. Must be one of: skipped' },
      },
      { ...missing, name: 'finds nobody', call: `GET ${path}/${nobody}/executions` },
      ...kevaRefusals(`GET ${path}/${nobody}/executions`, 'kevaWriter'),
    ],
  )

  contract(
    `GET ${path}/:id/executions/:executionId`,
    {
      key: 'keva',
      call: `GET ${path}/{workflow}/executions/{execution}`,
      given: startedWorkflow,
    },
    [
      {
        name: 'shows what was done at each node, and why',
        given: [
          startedWorkflow,
          ran(`status = 'waiting', waits_for = 'delay', due_at = started_at + 60000,
            variables = '{"draft":{"value":"Hi","isFromModel":true}}', trigger_data = '{"a":[1]}'`),
          (app) =>
            app.sql(`INSERT INTO workflow_steps
              (uid, run_id, position, node_id, kind, status, detail, attempts, error, created_at, settled_at)
              SELECT 'b' || id, id, 2, 'n2', 'action', 'failed', '{}', 6, 'Refused', started_at, NULL FROM workflow_runs
              UNION ALL
              SELECT 'a' || id, id, 1, 'n1', 'condition', 'done', '{"held":true}', 0, NULL, started_at, started_at
              FROM workflow_runs`),
        ],
        status: 200,
        reply: one({
          ...shown,
          triggerType: 'webhook',
          status: 'waiting',
          trigger: { type: 'webhook', timestamp: at, data: { a: [1] } },
          variables: { draft: 'Hi' },
          waitsFor: 'delay',
          resumesAt: '2026-05-04T08:16:00Z',
          steps: [
            {
              nodeId: 'n1',
              type: 'condition',
              status: 'done',
              startedAt: at,
              completedAt: at,
              durationMs: 0,
              attempts: 0,
              error: null,
              detail: { held: true },
            },
            {
              nodeId: 'n2',
              type: 'action',
              status: 'failed',
              startedAt: at,
              completedAt: null,
              durationMs: null,
              attempts: 6,
              error: 'Refused',
              detail: {},
            },
          ],
        }),
      },
      {
        name: 'tells why a call did not work, and when it is made again',
        given: [
          startedWorkflow,
          ran(
            `status = 'running', waits_for = 'retry', due_at = NULL, error = 'It was answered 503'`,
          ),
          (app) =>
            app.sql(`INSERT INTO workflow_steps
              (uid, run_id, position, node_id, kind, status, detail, attempts, error, created_at, due_at)
              SELECT 'a' || id, id, 1, 'n1', 'action', 'calling', '{}', 1, error, started_at, started_at + 10000
              FROM workflow_runs`),
        ],
        status: 200,
        reply: one({
          ...shown,
          triggerType: 'webhook',
          error: 'It was answered 503',
          trigger: { type: 'webhook', timestamp: at, data: {} },
          variables: {},
          waitsFor: 'retry',
          resumesAt: '2026-05-04T08:15:10Z',
          steps: [
            {
              nodeId: 'n1',
              type: 'action',
              status: 'calling',
              startedAt: at,
              completedAt: null,
              durationMs: null,
              attempts: 1,
              error: 'It was answered 503',
              detail: {},
            },
          ],
        }),
      },
      {
        name: 'does not find the run of another workflow',
        given: [startedWorkflow, namedWorkflow({ name: 'Other' })],
        status: 404,
        reply: { error: 'Execution not found' },
      },
      ...[noRun, 'x', '1'].map((id): Row => ({
        name: `does not find ${id}`,
        call: `GET ${path}/{workflow}/executions/${id}`,
        status: 404,
        reply: { error: 'Execution not found' },
      })),
      { ...missing, name: 'finds nobody', call: `GET ${path}/${nobody}/executions/${noRun}` },
      ...kevaRefusals(`GET ${path}/${nobody}/executions/${noRun}`, 'kevaWriter'),
    ],
  )

  const edited: readonly ((app: TestApp) => Promise<void>)[] = [
    workflow,
    async (app) => {
      app.advance(60_000)
      await app.desk.write(
        { kind: 'staff', keyId: null, staffId: staff.tomas, ipAddress: null },
        (tx) => void updateWorkflow(tx, 1, { graph: { n: 2 }, triggerType: 'manual' }, ''),
      )
    },
  ]

  const first = { version: 1, triggerType: 'ticket_created', createdAt: at, createdBy: null }
  const second = {
    version: 2,
    triggerType: 'manual',
    createdAt: '2026-05-04T08:16:00Z',
    createdBy: 'Tomas Berg',
  }

  contract(
    `GET ${path}/:id/versions`,
    { key: 'keva', call: `GET ${path}/{workflow}/versions`, given: edited },
    [
      {
        name: 'lists who saved what and when, newest first',
        status: 200,
        reply: list('versions', [second, first]),
      },
      {
        name: 'names the person behind the key that saved it',
        given: [
          { call: `POST ${path}`, body: { name: 'Keyed' } },
          (app) => void app.named.set('workflow', newestWorkflow(app)),
        ],
        status: 200,
        reply: list('versions', [{ ...first, createdBy: 'Administrator' }]),
      },
      {
        name: 'pages',
        call: `GET ${path}/{workflow}/versions?limit=1&offset=1`,
        status: 200,
        reply: list('versions', [first], { total: 2, limit: 1, offset: 1 }),
      },
      { ...missing, name: 'finds nobody', call: `GET ${path}/${nobody}/versions` },
      ...kevaRefusals(`GET ${path}/${nobody}/versions`, 'kevaWriter'),
    ],
  )

  contract(
    `GET ${path}/:id/versions/:version`,
    { key: 'keva', call: `GET ${path}/{workflow}/versions/1`, given: edited },
    [
      {
        name: 'shows the graph that it had',
        status: 200,
        reply: one({ ...first, workflowJson: simpleGraph }),
      },
      ...['3', '0', '-1', 'x', '01'].map((version): Row => ({
        ...notThere,
        name: `does not find ${version}`,
        call: `GET ${path}/{workflow}/versions/${version}`,
      })),
      { ...missing, name: 'finds nobody', call: `GET ${path}/${nobody}/versions/1` },
      ...kevaRefusals(`GET ${path}/${nobody}/versions/1`, 'kevaWriter'),
    ],
  )

  contract(
    `POST ${path}/:id/versions/:version/restore`,
    {
      key: 'keva',
      call: `POST ${path}/{workflow}/versions/1/restore`,
      given: edited,
      body: {},
    } as { key: 'keva'; call: string },
    [
      {
        name: 'makes it a new version',
        body: {},
        status: 200,
        reply: (body: unknown) =>
          expect(body).toMatchObject(
            one({ version: 3, triggerType: 'ticket_created', workflowJson: simpleGraph }),
          ),
        events: ['workflow.updated'],
      },
      {
        name: 'changes nothing when it is what there is',
        call: `POST ${path}/{workflow}/versions/2/restore`,
        body: {},
        status: 200,
        reply: (body: unknown) => expect(body).toMatchObject(one({ version: 2 })),
      },
      {
        name: 'restores nothing that could not run to a workflow that is on',
        given: [
          ...edited,
          async (app) => {
            await app.write(
              (tx) => void updateWorkflow(tx, 1, { graph: simpleGraph, isActive: true }, ''),
            )
          },
        ],
        call: `POST ${path}/{workflow}/versions/2/restore`,
        body: {},
        status: 422,
        reply: (body: unknown) => expect(body).toMatchObject({ error: 'Validation failed' }),
      },
      {
        ...notThere,
        name: 'does not find a version that is not there',
        call: `POST ${path}/{workflow}/versions/9/restore`,
        body: {},
      },
      {
        ...missing,
        name: 'finds nobody',
        call: `POST ${path}/${nobody}/versions/1/restore`,
        body: {},
      },
      ...kevaRefusals(`POST ${path}/${nobody}/versions/1/restore`, 'kevaReader'),
    ],
  )

  const url = `${base}/webhooks/workflow`
  const secret = 'correct horse battery staple'
  const unsigned = { status: 401, reply: { error: 'Invalid webhook signature' } }
  const body = '{"order": 5}'
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  /** Its secret is set over the API, which alone knows what seals it. */
  const secured = [
    hooked,
    { call: `PATCH ${path}/{workflow}`, key: 'keva', body: { webhookSecret: secret } },
  ] as const

  contract(`POST ${url}/:id`, { call: `POST ${url}/{workflow}`, given: hooked }, [
    {
      name: 'starts the workflow with the body as its data, and asks for no key',
      body,
      status: 200,
      reply: one({ executionId: uid('exec'), status: 'running' }),
      after: (app) =>
        expect(newestRun(app)).toMatchObject({
          trigger_type: 'webhook',
          trigger_data: '{"order":5}',
          ticket_id: null,
        }),
    },
    {
      name: 'leaves its id in no log: it is all that a caller must know',
      body,
      status: 200,
      reply: one({ executionId: uid('exec'), status: 'running' }),
      async after(app) {
        const id = app.named.get('workflow') ?? ''
        await call(app, `GET ${path}/{workflow}`, { key: 'keva' })
        await call(app, `GET ${url}/{workflow}`)
        expect(app.calls.map((line) => line['path'])).toContain(`${url}/${id.slice(0, 9)}…`)
        expect(JSON.stringify([app.calls, app.logged])).not.toContain(id.slice(10))
      },
    },
    ...['[1,2]', '"text"', '5', 'null', ''].map((json): Row => ({
      name: `takes ${json || 'no body'}`,
      body: json,
      status: 200,
      reply: one({ executionId: uid('exec'), status: 'running' }),
      after: (app) =>
        expect(newestRun(app)).toMatchObject({
          trigger_data: json.replace('[1,2]', '[1,2]') || '{}',
        }),
    })),
    {
      name: 'starts once for a delivery that is sent again',
      headers: { 'webhook-id': 'msg_1' },
      body,
      status: 200,
      reply: one({ executionId: uid('exec'), status: 'running' }),
      async after(app, first) {
        const headers = { 'webhook-id': 'msg_1' }
        const again = await call(app, `POST ${url}/{workflow}`, { headers, body })
        expect(again.body).toEqual(first.body)
        expect(newestRun(app)).toMatchObject({ id: 1 })
        const other = { 'idempotency-key': 'msg_2' }
        await call(app, `POST ${url}/{workflow}`, { headers: other, body })
        expect(newestRun(app)).toMatchObject({ id: 2 })
      },
    },
    {
      ...missing,
      name: 'does not find one that is off',
      given: namedWorkflow({ triggerType: 'webhook' }),
      body,
    },
    { ...missing, name: 'does not find one of another trigger', given: active, body },
    ...[nobody, 'x', 'slack', 'twilio'].map((id): Row => ({
      ...missing,
      name: `does not find ${id}`,
      call: `POST ${url}/${id}`,
      body,
    })),
    { ...unsigned, name: 'refuses who does not know the secret', given: secured, body },
    {
      ...unsigned,
      name: 'refuses another secret',
      given: secured,
      headers: { 'x-webhook-secret': `${secret}!` },
      body,
    },
    {
      name: 'takes the secret',
      given: secured,
      headers: { 'x-webhook-secret': secret },
      body,
      status: 200,
      reply: one({ executionId: uid('exec'), status: 'running' }),
    },
    ...['x-hub-signature-256', 'x-keva-signature'].flatMap((name): Row[] => [
      {
        name: `takes the HMAC of the body in ${name}`,
        given: secured,
        headers: { [name]: name.startsWith('x-hub') ? `sha256=${signature}` : signature },
        body,
        status: 200,
        reply: one({ executionId: uid('exec'), status: 'running' }),
      },
      {
        ...unsigned,
        name: `refuses the HMAC of another body in ${name}`,
        given: secured,
        headers: { [name]: signature },
        body: '{"order": 6}',
      },
    ]),
    {
      ...unsigned,
      name: 'refuses a good secret beside a bad signature',
      given: secured,
      headers: { 'x-webhook-secret': secret, 'x-keva-signature': '0'.repeat(64) },
      body,
    },
    {
      name: 'refuses what nobody nests so deep',
      body: `${'['.repeat(200)}${']'.repeat(200)}`,
      status: 400,
      reply: { error: 'Invalid JSON body' },
    },
  ])
}

function newestWorkflow(app: TestApp): string {
  const rows = JSON.parse(app.dump().get('workflows') ?? '[]') as { uid: string }[]
  return publicId('workflow', rows.at(-1)?.uid ?? '')
}
