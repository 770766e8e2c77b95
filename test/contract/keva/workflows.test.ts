import { expect } from 'bun:test'
import { line, tagged } from '../../../src/domain/graphline.ts'
import { triggerWorkflow } from '../../../src/domain/executions.ts'
import { contract, uid, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import {
  makeWorkflow,
  namedWorkflow,
  simpleGraph,
  startedWorkflow,
  workflow,
} from '../../support/workflowseed.ts'
import { kevaRefusals } from '../refusals.ts'

// keva.md 8.1 to 8.5, on every base (R1). Executions and versions are in executions.test.ts.

const at = '2026-05-04T08:15:00Z'
const later = '2026-05-04T08:16:00Z'
const nobody = `wf_${'0'.repeat(26)}`

const summary = {
  id: uid('wf'),
  name: 'Tag it',
  description: null as string | null,
  isActive: false,
  triggerType: 'ticket_created',
  version: 1,
  executionCount: 0,
  lastTriggeredAt: null as string | null,
  createdAt: at,
  updatedAt: at,
}

const blank = {
  ...summary,
  workflowJson: simpleGraph as object,
  autonomyLevel: null as number | null,
  nextRunAt: null as string | null,
  webhookPath: null as unknown,
  hasWebhookSecret: false,
  problems: [] as object[],
}

const empty = { nodes: [], edges: [] }
const noTrigger = { nodeId: null, edgeId: null, message: 'A graph needs a trigger' }

/** With keys that mean nothing here, of every kind. */
const strange = {
  version: 3,
  viewport: { x: 0.5, zoom: 1e21 },
  nodes: simpleGraph.nodes.map((node) => ({ ...node, position: { x: 1, y: -2 }, selected: null })),
  edges: simpleGraph.edges.map((edge) => ({ ...edge, animated: true, style: ['a', ''] })),
  __note: 'ünïcode 😀',
}

const broken = {
  nodes: [
    { id: 'n1', type: 'trigger', data: {} },
    { id: 'n2', type: 'delay', data: { duration: 0, unit: 'years' } },
    { id: 'n3', type: 'action', data: { actionType: 'dance' } },
  ],
  edges: [{ id: 'e1', source: 'n1', target: 'n2' }],
}

const brokenDetails = [
  ['nodes.n2', 'Node n2: data.duration must be more than 0 and at most 366 days'],
  ['nodes.n2', 'Node n2: data.unit must be one of: seconds, minutes, hours, days'],
  ['nodes.n3', expect.stringContaining('Node n3: data.actionType must be one of: set_status, ')],
  ['nodes.n3', 'Node n3: the trigger does not lead to it'],
] as const

const invalid = (...details: readonly (readonly [field: string, message: unknown])[]) => ({
  status: 422,
  reply: {
    error: 'Validation failed',
    details: details.map(([field, message]) => ({ field, message })),
  },
})

const invalidGraph = invalid(
  ...brokenDetails.map(([place, message]) => [`workflowJson.${place}`, message] as const),
)

const missing = { status: 404, reply: { error: 'Workflow not found' } }

const triggerTypes =
  'ticket_created, ticket_updated, ticket_closed, ticket_status_changed, ticket_assigned, message_received, tag_added, scheduled, schedule, webhook, manual'

const badTrigger = {
  status: 400,
  reply: { error: `Invalid triggerType. Must be one of: ${triggerTypes}` },
}

const badFields = {
  name: ' ',
  description: 5,
  triggerType: 'x',
  workflowJson: [],
  isActive: 'yes',
  autonomyLevel: 6,
  webhookSecret: 'short',
}

const badDetails = [
  ['name', 'Name is required'],
  ['description', 'Invalid description format'],
  ['triggerType', `Invalid triggerType. Must be one of: ${triggerTypes}`],
  ['workflowJson', 'Invalid workflow json format'],
  ['isActive', 'Invalid is active format'],
  ['autonomyLevel', 'Autonomy level must be between 1 and 5'],
  ['webhookSecret', 'Webhook secret must be at least 16 characters'],
] as const

const weekly = line(
  { triggerType: 'schedule', cron: '0 8 * * 1', timezone: 'Europe/Berlin' },
  {
    label: 'Call',
    action: 'send_webhook',
    config: { url: 'https://example.com/x' },
  },
)

const surfaces = ['/api/v1', '/v1', '/api'] as const

const created = ['workflow.created']

const moment = (app: TestApp) => app.advance(60_000)

function lastEvent(app: TestApp): object {
  const [event] = app.eventsAfter(app.lastSequence() - 1)
  return JSON.parse(event?.body ?? '{}') as object
}

for (const base of surfaces) {
  const path = `${base}/workflows`
  const one = (record: object) => (base === '/api' ? record : { data: record })
  const list = (rows: readonly object[], total = rows.length) =>
    base === '/api'
      ? { workflows: rows }
      : { data: rows, pagination: { page: 1, perPage: 20, total, nextCursor: null } }

  contract(`POST ${path}`, { key: 'keva', call: `POST ${path}` }, [
    {
      name: 'adds one that is off and has no graph yet',
      body: { name: 'Route' },
      status: 201,
      reply: one({ ...blank, name: 'Route', workflowJson: empty, problems: [noTrigger] }),
      events: created,
      answers: { etag: '"1"' },
      after: (app) =>
        expect(lastEvent(app)).toEqual({ id: 1, uid: expect.any(String), name: 'Route' }),
    },
    {
      name: 'gives every key of the graph back as it came',
      body: { name: 'Tag it', workflowJson: strange },
      status: 201,
      reply: one({ ...blank, workflowJson: strange }),
      events: created,
    },
    {
      name: 'adds one that is on, and tells of both',
      body: { name: 'Tag it', description: 'Hot ones', isActive: true, workflowJson: simpleGraph },
      status: 201,
      reply: one({ ...blank, description: 'Hot ones', isActive: true }),
      events: ['workflow.created', 'workflow.activated'],
    },
    {
      name: 'keeps the word of the trigger as it was sent, and plans the next time',
      body: { name: 'Tag it', triggerType: 'schedule', isActive: true, workflowJson: weekly },
      status: 201,
      reply: one({
        ...blank,
        isActive: true,
        triggerType: 'schedule',
        workflowJson: weekly,
        nextRunAt: '2026-05-11T06:00:00Z',
      }),
      events: ['workflow.created', 'workflow.activated'],
    },
    {
      name: 'takes the trigger that the graph names when the body names none',
      body: { name: 'Tag it', workflowJson: weekly },
      status: 201,
      reply: one({ ...blank, triggerType: 'schedule', workflowJson: weekly }),
      events: created,
    },
    {
      name: 'takes a level and a secret, which it does not show',
      body: {
        name: 'Tag it',
        triggerType: 'webhook',
        workflowJson: simpleGraph,
        autonomyLevel: 1,
        webhookSecret: 'correct horse battery',
      },
      status: 201,
      reply: one({
        ...blank,
        triggerType: 'webhook',
        autonomyLevel: 1,
        hasWebhookSecret: true,
        webhookPath: expect.stringMatching(/^\/api\/webhooks\/workflow\/wf_[0-9a-z]{26}$/),
      }),
      events: created,
      after(app) {
        const tables = [...app.dump().values()].join('\n')
        expect(tables).not.toContain('correct horse')
      },
    },
    {
      name: 'keeps a graph that is not complete, and says what is wrong with it',
      body: { name: 'Tag it', workflowJson: broken },
      status: 201,
      reply: one({
        ...blank,
        workflowJson: broken,
        problems: brokenDetails.map(([place, message]) => ({
          nodeId: place.slice('nodes.'.length),
          edgeId: null,
          message,
        })),
      }),
      events: created,
    },
    {
      ...invalidGraph,
      name: 'activates no graph that is not complete, and names every fault with its node',
      body: { name: 'Tag it', isActive: true, workflowJson: broken },
    },
    {
      ...invalid(['workflowJson', 'A graph needs a trigger']),
      name: 'activates no workflow without a graph',
      body: { name: 'Tag it', isActive: true },
    },
    {
      ...invalid(['workflowJson', 'A graph has at most 256 KB']),
      name: 'keeps no graph that is too large',
      body: { name: 'Tag it', workflowJson: { nodes: [], edges: [], note: 'x'.repeat(262_144) } },
    },
    {
      ...invalid(['workflowJson', 'A graph has at most 200 nodes']),
      name: 'keeps no graph of too many nodes',
      body: {
        name: 'Tag it',
        workflowJson: { nodes: Array.from({ length: 201 }, () => ({})), edges: [] },
      },
    },
    {
      ...badTrigger,
      name: 'answers a bad trigger alone with 400',
      body: { name: 'x', triggerType: 'x' },
    },
    { ...invalid(...badDetails), name: 'names every bad field at once, in order', body: badFields },
    { ...invalid(['name', 'Name is required']), name: 'needs a name', body: {} },
    {
      name: 'ignores what is not writable',
      body: {
        name: 'Tag it',
        workflowJson: simpleGraph,
        id: nobody,
        version: 9,
        executionCount: 9,
        lastTriggeredAt: at,
        createdAt: '1999-01-01T00:00:00Z',
      },
      status: 201,
      reply: one(blank),
      events: created,
    },
    ...kevaRefusals(`POST ${path}`, 'kevaReader'),
  ])

  contract(`GET ${path}`, { key: 'keva', call: `GET ${path}` }, [
    { name: 'is empty at first', status: 200, reply: list([]) },
    {
      name: 'shows the newest first, without their graphs',
      given: [
        workflow,
        (app) => app.advance(60_000),
        namedWorkflow({ name: 'Second', isActive: true, triggerType: 'manual' }),
        async (app) => {
          await app.write((tx) => triggerWorkflow(tx, 2, { ticketId: null, data: {} }))
        },
      ],
      status: 200,
      reply: list([
        {
          ...summary,
          name: 'Second',
          isActive: true,
          triggerType: 'manual',
          executionCount: 1,
          lastTriggeredAt: later,
          createdAt: later,
          updatedAt: later,
        },
        summary,
      ]),
    },
    {
      name: 'shows those that are on',
      call: `GET ${path}?active=true`,
      given: [workflow, namedWorkflow({ name: 'On', isActive: true })],
      status: 200,
      reply: list([{ ...summary, name: 'On', isActive: true }]),
    },
    {
      name: 'shows all with active=false',
      call: `GET ${path}?active=false`,
      given: [workflow, namedWorkflow({ name: 'On', isActive: true })],
      status: 200,
      reply: list([{ ...summary, name: 'On', isActive: true }, summary]),
    },
    {
      name: 'refuses another word',
      call: `GET ${path}?active=yes`,
      status: 400,
      reply: { error: 'Invalid active. Must be one of: true, false' },
    },
    ...kevaRefusals(`GET ${path}`, 'kevaWriter'),
  ])

  contract(`GET ${path}/:id`, { key: 'keva', call: `GET ${path}/{workflow}`, given: workflow }, [
    { name: 'shows a workflow with its graph', status: 200, reply: one(blank) },
    ...['1', nobody, `tkt_${'0'.repeat(26)}`, 'wf_', 'x'].map((id): Row => ({
      ...missing,
      name: `does not find ${id}`,
      call: `GET ${path}/${id}`,
    })),
    ...kevaRefusals(`GET ${path}/${nobody}`, 'kevaWriter'),
  ])

  contract(
    `PATCH ${path}/:id`,
    { key: 'keva', call: `PATCH ${path}/{workflow}`, given: [workflow, moment] },
    [
      {
        name: 'renames without a new version',
        body: { name: 'Route', description: 'All' },
        status: 200,
        reply: one({ ...blank, name: 'Route', description: 'All', updatedAt: later }),
        events: ['workflow.updated'],
        answers: { etag: '"2"' },
        after: (app) => expect(lastEvent(app)).toMatchObject({ fields: ['name', 'description'] }),
      },
      {
        name: 'changes nothing by what is so already',
        body: {
          name: 'Tag it',
          description: null,
          triggerType: 'ticket_created',
          workflowJson: simpleGraph,
          isActive: false,
          autonomyLevel: null,
          webhookSecret: null,
        },
        status: 200,
        reply: one(blank),
      },
      {
        name: 'makes a new version of another graph',
        body: { workflowJson: strange },
        status: 200,
        reply: one({ ...blank, workflowJson: strange, version: 2, updatedAt: later }),
        events: ['workflow.updated'],
        after: (app) => expect(lastEvent(app)).toMatchObject({ fields: ['graph'] }),
      },
      {
        name: 'makes a new version of another trigger',
        body: { triggerType: 'manual' },
        status: 200,
        reply: one({ ...blank, triggerType: 'manual', version: 2, updatedAt: later }),
        events: ['workflow.updated'],
      },
      {
        name: 'takes another trigger that the graph names',
        body: { workflowJson: weekly },
        status: 200,
        reply: one({
          ...blank,
          triggerType: 'schedule',
          workflowJson: weekly,
          version: 2,
          updatedAt: later,
        }),
        events: ['workflow.updated'],
      },
      {
        name: 'switches on',
        body: { isActive: true },
        status: 200,
        reply: one({ ...blank, isActive: true, updatedAt: later }),
        events: ['workflow.activated'],
      },
      {
        name: 'switches off, which takes the next time away',
        given: [namedWorkflow({ graph: weekly, isActive: true }), moment],
        body: { isActive: false },
        status: 200,
        reply: one({ ...blank, triggerType: 'schedule', workflowJson: weekly, updatedAt: later }),
        events: ['workflow.deactivated'],
      },
      {
        name: 'does not pass over a planned time by a new name',
        given: [
          namedWorkflow({ graph: weekly, isActive: true }),
          (app) => app.advance(8 * 24 * 60 * 60_000),
        ],
        body: { name: 'Route' },
        status: 200,
        reply: one({
          ...blank,
          name: 'Route',
          isActive: true,
          triggerType: 'schedule',
          workflowJson: weekly,
          nextRunAt: '2026-05-11T06:00:00Z',
          updatedAt: '2026-05-12T08:15:00Z',
        }),
        events: ['workflow.updated'],
      },
      {
        ...invalidGraph,
        name: 'breaks no graph that is on',
        given: [namedWorkflow({ isActive: true })],
        body: { workflowJson: broken },
      },
      {
        ...invalidGraph,
        name: 'switches no broken graph on',
        given: [namedWorkflow({ graph: broken })],
        body: { isActive: true },
      },
      {
        name: 'breaks a graph that is switched off with it',
        given: [namedWorkflow({ isActive: true }), moment],
        body: { workflowJson: broken, isActive: false },
        status: 200,
        reply: (body: unknown) => expect(body).toMatchObject(one({ isActive: false, version: 2 })),
        events: ['workflow.updated', 'workflow.deactivated'],
      },
      {
        name: 'sets a secret, and takes it away',
        body: { webhookSecret: 'correct horse battery' },
        status: 200,
        reply: one({ ...blank, hasWebhookSecret: true, updatedAt: later }),
        events: ['workflow.updated'],
        async after(app) {
          const send = (webhookSecret: string | null) =>
            call(app, `PATCH ${path}/{workflow}`, { key: 'keva', body: { webhookSecret } })
          const before = app.dump()
          await send('correct horse battery')
          expect(app.changedSince(before)).toEqual([])
          await send(null)
          expect(lastEvent(app)).toMatchObject({ fields: ['secret'] })
        },
      },
      { ...badTrigger, name: 'answers a bad trigger alone with 400', body: { triggerType: 'x' } },
      { ...invalid(...badDetails), name: 'names every bad field at once', body: badFields },
      { ...missing, name: 'finds nobody', call: `PATCH ${path}/${nobody}`, body: { name: 'x' } },
      ...kevaRefusals(`PATCH ${path}/${nobody}`, 'kevaReader'),
    ],
  )

  contract(
    `DELETE ${path}/:id`,
    { key: 'keva', call: `DELETE ${path}/{workflow}`, given: workflow },
    [
      {
        name: 'deletes it, so that nobody finds it or anything of it',
        given: startedWorkflow,
        status: 204,
        reply: undefined,
        events: ['workflow.deleted'],
        async after(app) {
          for (const line of [
            `GET ${path}/{workflow}`,
            `DELETE ${path}/{workflow}`,
            `GET ${path}/{workflow}/executions`,
            `GET ${path}/{workflow}/executions/{execution}`,
            `GET ${path}/{workflow}/versions/1`,
            `POST ${base}/webhooks/workflow/{workflow}`,
          ]) {
            expect([line, (await call(app, line, { key: 'keva' })).status]).toEqual([line, 404])
          }
          expect((await call(app, `GET ${path}`, { key: 'keva' })).body).toEqual(list([]))
        },
      },
      { ...missing, name: 'finds nobody', call: `DELETE ${path}/${nobody}` },
      ...kevaRefusals(`DELETE ${path}/${nobody}`, 'kevaReader'),
    ],
  )

  contract(`GET ${path}/templates`, { key: 'keva', call: `GET ${path}/templates` }, [
    {
      name: 'lists workflows that are good as they are',
      status: 200,
      reply: (body: unknown) =>
        expect(body).toMatchObject(one({ templates: Array.from({ length: 8 }, () => ({})) })),
      async after(app, { body }) {
        const { templates } = (base === '/api' ? body : (body as { data: object }).data) as {
          templates: object[]
        }
        for (const template of templates) {
          const sent = { ...template, isActive: true }
          const { status } = await call(app, `POST ${path}`, { key: 'keva', body: sent })
          expect([template, status]).toEqual([template, 201])
        }
      },
    },
    ...kevaRefusals(`GET ${path}/templates`, 'kevaWriter'),
  ])
}

contract('versions of graphs', { key: 'keva' }, [
  {
    name: 'are one for each that differs, whatever the order of keys',
    given: [workflow],
    call: 'PATCH /api/v1/workflows/{workflow}',
    body: {
      workflowJson: {
        edges: simpleGraph.edges.map(({ id, ...rest }) => ({ ...rest, id })),
        nodes: simpleGraph.nodes,
      },
    },
    status: 200,
    reply: (body: unknown) => expect(body).toMatchObject({ data: { version: 1 } }),
  },
  {
    name: 'are told apart by a value deep inside',
    given: [
      async (app) => {
        await app.write((tx) => makeWorkflow(tx))
      },
    ],
    call: 'PATCH /api/v1/internal/workflows/1',
    key: 'special',
    body: { workflow_json: line({ label: 'Start' }, tagged(['cold'])) },
    status: 200,
    reply: (body: unknown) => expect(body).toMatchObject({ data: { version: 2 } }),
    events: ['workflow.updated'],
  },
])
