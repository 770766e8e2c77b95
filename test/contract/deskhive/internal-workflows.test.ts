import { expect } from 'bun:test'
import { triggerWorkflow } from '../../../src/domain/executions.ts'
import { updateWorkflow } from '../../../src/domain/workflows.ts'
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
import { internalRefusals } from '../refusals.ts'
import { at16, created, deleted, invalid, minuteLater, stamps, updated } from './catalog.ts'
import { meta, notFound } from './views.ts'

// Workflows for admins (ours): keva.md section 8 in the spelling of this dialect.

const line = '/api/v1/internal/workflows'
const at = stamps.created_at

const summary = {
  id: 1,
  name: 'Tag it',
  description: null as string | null,
  is_active: false,
  trigger_type: 'ticket_created',
  version: 1,
  execution_count: 0,
  last_triggered_at: null as string | null,
  ...stamps,
}

const view = {
  ...summary,
  workflow_json: simpleGraph as object,
  autonomy_level: null as number | null,
  next_run_at: null as string | null,
  webhook_path: null as unknown,
  has_webhook_secret: false,
  problems: [] as object[],
}

const broken = {
  nodes: [
    { id: 'n1', type: 'trigger' },
    { id: 'n2', type: 'delay', data: { duration: 1, unit: 'years' } },
  ],
  edges: [
    { source: 'n1', target: 'n2' },
    { id: 'e2', source: 'n2', target: 'n9' },
  ],
}

const brokenSays = {
  'workflow_json.nodes.n2': ['Node n2: data.unit must be one of: seconds, minutes, hours, days'],
  'workflow_json.edges.e2': ['Edge e2: its target n9 is no node'],
}

const wrong = {
  name: ' ',
  description: 5,
  trigger_type: 'x',
  workflow_json: [],
  is_active: 'yes',
  autonomy_level: 9,
  webhook_secret: 'short',
}

const wrongSays = {
  name: ['The name field is required.'],
  description: ['The description field must be a string.'],
  trigger_type: ['The selected trigger type is invalid.'],
  workflow_json: ['The workflow json field must be an array.'],
  is_active: ['The is active field must be true or false.'],
  autonomy_level: ['The autonomy level field must be between 1 and 5.'],
  webhook_secret: ['The webhook secret field must be at least 16 characters.'],
}

const execution = {
  id: 1,
  workflow_id: 1,
  ticket_id: null as number | null,
  trigger_type: 'webhook',
  status: 'running',
  started_at: at,
  completed_at: null as string | null,
  duration_ms: null as number | null,
  error: null,
  version: 1,
}

const started = { data: { execution_id: 1, status: 'running' } }

const start =
  (ticketId: number | null) =>
  async (app: TestApp): Promise<void> => {
    await app.write((tx) => triggerWorkflow(tx, 1, { ticketId, data: {} }))
  }

contract(`POST ${line}`, { key: 'special', call: `POST ${line}` }, [
  {
    name: 'adds a workflow',
    body: { name: ' Tag it ', workflow_json: simpleGraph },
    status: 201,
    reply: { data: view, message: created },
    events: ['workflow.created'],
    answers: { etag: '"1"' },
  },
  {
    name: 'takes every field',
    body: {
      name: 'Tag it',
      description: 'Hot ones',
      trigger_type: 'webhook',
      workflow_json: simpleGraph,
      is_active: 1,
      autonomy_level: '2',
      webhook_secret: 'correct horse battery',
    },
    status: 201,
    reply: {
      data: {
        ...view,
        description: 'Hot ones',
        trigger_type: 'webhook',
        is_active: true,
        autonomy_level: 2,
        has_webhook_secret: true,
        webhook_path: expect.stringMatching(/^\/api\/webhooks\/workflow\/wf_/),
      },
      message: created,
    },
    events: ['workflow.created', 'workflow.activated'],
  },
  {
    name: 'tells who added it in the log of activities',
    body: { name: 'Tag it', workflow_json: simpleGraph, is_active: true },
    status: 201,
    reply: { data: { ...view, is_active: true }, message: created },
    events: ['workflow.created', 'workflow.activated'],
    async after(app) {
      const { body } = await call(app, 'GET /api/v1/internal/activity-logs', { key: 'special' })
      const { data } = body as { data: { description: string }[] }
      expect(data.slice(0, 2).map(({ description }) => description)).toEqual([
        'Workflow "Tag it" activated',
        'Workflow "Tag it" created',
      ])
    },
  },
  {
    ...invalid(brokenSays),
    name: 'activates no graph that is not complete',
    body: { name: 'Tag it', is_active: true, workflow_json: broken },
  },
  { ...invalid(wrongSays), name: 'names every bad field at once, in order', body: wrong },
  { ...invalid({ name: ['The name field is required.'] }), name: 'needs a name', body: {} },
  ...internalRefusals(`POST ${line}`),
])

contract(`GET ${line}`, { key: 'special', call: `GET ${line}` }, [
  {
    name: 'is empty at first',
    status: 200,
    reply: { data: [], meta: meta(0) },
  },
  {
    name: 'shows the newest first, without their graphs',
    given: [workflow, namedWorkflow({ name: 'On', isActive: true })],
    status: 200,
    reply: {
      data: [{ ...summary, id: 2, name: 'On', is_active: true }, summary],
      meta: meta(2),
    },
  },
  {
    name: 'shows those that are on',
    call: `GET ${line}?is_active=1`,
    given: [workflow, namedWorkflow({ name: 'On', isActive: true })],
    status: 200,
    reply: {
      data: [{ ...summary, id: 2, name: 'On', is_active: true }],
      meta: meta(1),
    },
  },
  {
    ...invalid({ is_active: ['The is active field must be true or false.'] }),
    name: 'refuses another word',
    call: `GET ${line}?is_active=maybe`,
  },
  ...internalRefusals(`GET ${line}`),
])

contract(`GET ${line}/:id`, { key: 'special', call: `GET ${line}/1`, given: workflow }, [
  { name: 'shows a workflow with its graph', status: 200, reply: { data: view } },
  {
    name: 'says what is wrong with it',
    given: namedWorkflow({ graph: broken }),
    status: 200,
    reply: {
      data: {
        ...view,
        workflow_json: broken,
        problems: [
          { node_id: 'n2', edge_id: null, message: brokenSays['workflow_json.nodes.n2'][0] },
          { node_id: null, edge_id: 'e2', message: brokenSays['workflow_json.edges.e2'][0] },
        ],
      },
    },
  },
  { ...notFound, name: 'finds nobody', call: `GET ${line}/9` },
  ...internalRefusals(`GET ${line}/9`),
])

for (const method of ['PUT', 'PATCH']) {
  const name = method === 'PUT' ? { name: 'Tag it' } : {}
  contract(
    `${method} ${line}/:id`,
    { key: 'special', call: `${method} ${line}/1`, given: [workflow, minuteLater] },
    [
      {
        name: 'changes what is given',
        body: { name: 'Route', description: 'All', autonomy_level: 3 },
        status: 200,
        reply: {
          data: { ...view, name: 'Route', description: 'All', autonomy_level: 3, updated_at: at16 },
          message: updated,
        },
        events: ['workflow.updated'],
        answers: { etag: '"2"' },
      },
      {
        name: 'empties what is null',
        given: [namedWorkflow({ description: 'All', autonomyLevel: 3 }), minuteLater],
        body: { ...name, description: null, autonomy_level: null, webhook_secret: null },
        status: 200,
        reply: { data: { ...view, updated_at: at16 }, message: updated },
        events: ['workflow.updated'],
      },
      {
        name: 'makes a new version of another graph, and switches it off',
        given: [namedWorkflow({ isActive: true }), minuteLater],
        body: { ...name, workflow_json: { nodes: [], edges: [] }, is_active: false },
        status: 200,
        reply: (body: unknown) =>
          expect(body).toMatchObject({ data: { version: 2, is_active: false } }),
        events: ['workflow.updated', 'workflow.deactivated'],
      },
      {
        name: 'changes nothing by what is so already',
        body: { name: 'Tag it', workflow_json: simpleGraph, is_active: '0' },
        status: 200,
        reply: { data: view, message: updated },
      },
      {
        ...invalid(brokenSays),
        name: 'breaks no graph that is on',
        given: namedWorkflow({ isActive: true }),
        body: { ...name, workflow_json: broken },
      },
      { ...invalid(wrongSays), name: 'names every bad field at once', body: wrong },
      { ...notFound, name: 'finds nobody', call: `${method} ${line}/9`, body: { name: 'x' } },
      ...internalRefusals(`${method} ${line}/9`),
    ],
  )
}

contract(`DELETE ${line}/:id`, { key: 'special', call: `DELETE ${line}/1`, given: workflow }, [
  {
    name: 'deletes it, so that nobody finds it or anything of it',
    given: startedWorkflow,
    status: 200,
    reply: { data: null, message: deleted },
    events: ['workflow.deleted'],
    async after(app) {
      for (const path of ['', '/executions', '/executions/1', '/versions/1']) {
        const { status } = await call(app, `GET ${line}/1${path}`, { key: 'special' })
        expect([path, status]).toEqual([path, 404])
      }
    },
  },
  { ...notFound, name: 'finds nobody', call: `DELETE ${line}/9` },
  ...internalRefusals(`DELETE ${line}/9`),
])

contract(
  `POST ${line}/:id/trigger`,
  {
    key: 'special',
    call: `POST ${line}/1/trigger`,
    given: [ticket, namedWorkflow({ isActive: true })],
  },
  [
    { name: 'starts a run', body: { data: { a: 1 } }, status: 200, reply: started },
    { name: 'starts one of a ticket', body: { ticket_id: '1' }, status: 200, reply: started },
    {
      ...invalid({
        ticket_id: ['The selected ticket id is invalid.'],
        data: ['The data field must be an array.'],
      }),
      name: 'refuses a ticket that is not there, and data that is none',
      body: { ticket_id: 9, data: 'x' },
    },
    {
      name: 'refuses one that is off',
      given: workflow,
      body: {},
      status: 403,
      reply: { message: 'Workflow is not active' },
    },
    { ...notFound, name: 'finds nobody', call: `POST ${line}/9/trigger`, body: {} },
    ...internalRefusals(`POST ${line}/9/trigger`),
  ],
)

contract(
  `POST ${line}/:id/simulate`,
  { key: 'special', call: `POST ${line}/1/simulate`, given: [ticket, workflow] },
  [
    {
      name: 'says what would be done to past tickets',
      body: { last: '10', from: '', to: null },
      status: 200,
      reply: {
        data: {
          tickets: 1,
          matched: 1,
          visits: { start: 1, step1: 1, end: 1 },
          results: [
            {
              ticket_id: 1,
              reference_id: 'SD-1001',
              path: [
                {
                  node_id: 'step1',
                  type: 'action',
                  action_type: 'add_tags',
                  needs_approval: false,
                },
              ],
              changes: [{ field: 'tags', from: [], to: ['hot'] }],
              sends: [],
            },
          ],
        },
      },
    },
    {
      ...invalid({
        last: ['The last field must be between 1 and 10000.'],
        from: ['The from field must be a valid date.'],
        to: ['The to field must be a string.'],
        workflow_json: ['The workflow json field must be an array.'],
      }),
      name: 'names every bad field at once',
      body: { last: 10_001, from: 'x', to: 5, workflow_json: 'x' },
    },
    {
      ...invalid(brokenSays),
      name: 'tries no graph that could not run',
      body: { workflow_json: broken },
    },
    { ...notFound, name: 'finds nobody', call: `POST ${line}/9/simulate`, body: {} },
    ...internalRefusals(`POST ${line}/9/simulate`),
  ],
)

contract(`GET ${line}/templates`, { key: 'special', call: `GET ${line}/templates` }, [
  {
    name: 'lists workflows that are good as they are',
    status: 200,
    reply: (body: unknown) =>
      expect(body).toMatchObject({ data: { templates: Array.from({ length: 8 }, () => ({})) } }),
    async after(app, { body }) {
      const { templates } = (body as { data: { templates: object[] } }).data
      for (const template of templates) {
        const sent = { ...template, is_active: true }
        const { status } = await call(app, `POST ${line}`, { key: 'special', body: sent })
        expect([template, status]).toEqual([template, 201])
      }
    },
  },
  ...internalRefusals(`GET ${line}/templates`),
])

contract(
  `GET ${line}/:id/executions`,
  { key: 'special', call: `GET ${line}/1/executions`, given: startedWorkflow },
  [
    {
      name: 'shows the newest first',
      given: [ticket, startedWorkflow, start(1)],
      status: 200,
      reply: {
        data: [{ ...execution, id: 2, ticket_id: 1 }, execution],
        meta: meta(2, 1, 50),
      },
    },
    ...(['', '?include=skipped'] as const).map((query): Row => ({
      name: `shows those that did nothing only when asked: ${query}`,
      call: `GET ${line}/1/executions${query}`,
      given: [
        startedWorkflow,
        (app) => app.sql("UPDATE workflow_runs SET status = 'skipped', completed_at = started_at"),
      ],
      status: 200,
      reply: {
        data:
          query === ''
            ? []
            : [{ ...execution, status: 'skipped', completed_at: at, duration_ms: 0 }],
        meta: meta(query === '' ? 0 : 1, 1, 50),
      },
    })),
    { ...notFound, name: 'finds nobody', call: `GET ${line}/9/executions` },
    ...internalRefusals(`GET ${line}/9/executions`),
  ],
)

contract(
  `GET ${line}/:id/executions/:executionId`,
  { key: 'special', call: `GET ${line}/1/executions/1`, given: startedWorkflow },
  [
    {
      name: 'shows what was done at each node',
      given: [
        startedWorkflow,
        (app) =>
          app.sql(`INSERT INTO workflow_steps
            (uid, run_id, position, node_id, kind, status, detail, created_at, settled_at)
            SELECT 'a', id, 1, 'step1', 'action', 'done', '{"tags":["hot"]}', started_at, started_at
            FROM workflow_runs`),
      ],
      status: 200,
      reply: {
        data: {
          ...execution,
          trigger: { type: 'webhook', timestamp: at, data: {} },
          variables: {},
          waits_for: null,
          resumes_at: at,
          steps: [
            {
              node_id: 'step1',
              type: 'action',
              status: 'done',
              started_at: at,
              completed_at: at,
              duration_ms: 0,
              attempts: 0,
              error: null,
              detail: { tags: ['hot'] },
            },
          ],
        },
      },
    },
    {
      ...notFound,
      name: 'does not find the run of another workflow',
      given: [startedWorkflow, namedWorkflow({ name: 'Other' })],
      call: `GET ${line}/2/executions/1`,
    },
    { ...notFound, name: 'does not find a run', call: `GET ${line}/1/executions/9` },
    ...internalRefusals(`GET ${line}/9/executions/1`),
  ],
)

const edited = [
  workflow,
  minuteLater,
  async (app: TestApp): Promise<void> => {
    const actor = { kind: 'staff', keyId: null, staffId: staff.tomas, ipAddress: null } as const
    await app.desk.write(actor, (tx) => updateWorkflow(tx, 1, { graph: { n: 2 } }, '').id)
  },
]

const first = { version: 1, trigger_type: 'ticket_created', created_at: at, created_by: null }
const second = { ...first, version: 2, created_at: at16, created_by: 'Tomas Berg' }

contract(`${line}/:id/versions`, { key: 'special', given: edited }, [
  {
    name: 'lists who saved what and when',
    call: `GET ${line}/1/versions`,
    status: 200,
    reply: { data: [second, first], meta: meta(2, 1, 50) },
  },
  {
    name: 'shows the graph that it had',
    call: `GET ${line}/1/versions/1`,
    status: 200,
    reply: { data: { ...first, workflow_json: simpleGraph } },
  },
  {
    name: 'restores one as a new one',
    call: `POST ${line}/1/versions/1/restore`,
    body: {},
    status: 200,
    reply: { data: { ...view, version: 3, updated_at: at16 }, message: updated },
    events: ['workflow.updated'],
  },
  { ...notFound, name: 'finds nobody', call: `GET ${line}/9/versions` },
  { ...notFound, name: 'does not find a version', call: `GET ${line}/1/versions/9` },
  {
    ...notFound,
    name: 'restores nothing that is not there',
    call: `POST ${line}/1/versions/9/restore`,
    body: {},
  },
  ...internalRefusals(`GET ${line}/9/versions`),
  ...internalRefusals(`GET ${line}/9/versions/1`),
  ...internalRefusals(`POST ${line}/9/versions/1/restore`),
])

contract('a workflow of both dialects', { key: 'keva' }, [
  {
    name: 'is one and the same',
    given: [{ call: `POST ${line}`, key: 'special', body: { name: 'Tag it' } }],
    call: 'GET /api/v1/workflows',
    status: 200,
    reply: (body: unknown) =>
      expect(structuredClone(body)).toMatchObject({ data: [{ id: uid('wf'), name: 'Tag it' }] }),
  },
])
