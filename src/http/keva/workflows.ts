import { z } from 'zod'
import { triggerWorkflow } from '../../domain/executions.ts'
import type { Reader } from '../../domain/tx.ts'
import {
  createWorkflow,
  deleteWorkflow,
  getWorkflowByUid,
  listWorkflows,
  updateWorkflow,
  workflowRowVersionByUid,
  type Workflow,
} from '../../domain/workflows.ts'
import type { Fact } from '../../domain/facts.ts'
import { uidOf } from '../../lib/ids.ts'
import { withPreparation, type Call, type Endpoint } from '../endpoint.ts'
import { read, readQuery } from '../fields.ts'
import { sealing } from '../workflowfields.ts'
import { oneOf } from './fields.ts'
import { gone, named, removed, type KevaSurface } from './surface.ts'
import { change, columnsOf, creation, start, ticketIdIn } from './workflowfields.ts'
import {
  presentStart,
  presentSummary,
  presentWorkflow,
  startShape,
  workflowShape,
  workflowSummaryShape,
} from './workflowshapes.ts'

const filters = z.object({ active: oneOf(['true', 'false']).optional() })

const reading = { scope: 'workflows:read', tag: 'Workflows' } as const
const writing = { scope: 'workflows:write', tag: 'Workflows' } as const

/** keva.md 8.1 to 8.6; executions, versions and templates have files of their own. */
export function workflows(on: KevaSurface): readonly Endpoint[] {
  const list = on.list('workflows', named('workflows'))
  const shape = on.single(workflowShape)
  const answerOf = (workflow: Workflow, status = 200) => ({
    status,
    body: on.body(presentWorkflow(workflow)),
    version: workflow.rowVersion,
  })
  return [
    {
      ...reading,
      method: 'GET',
      path: '/workflows',
      summary: 'List workflows, newest first',
      query: list.query(filters),
      answer: list.answer(workflowSummaryShape),
      run({ tx, query }) {
        const { active } = readQuery(tx, filters, query)
        const filter = { activeOnly: active === 'true' }
        const body = list.body(query, (window) => listWorkflows(tx, filter, window), presentSummary)
        return { status: 200, body }
      },
    },
    withPreparation({
      ...writing,
      method: 'POST',
      path: '/workflows',
      summary: 'Add a workflow; only a complete one may be active',
      body: creation,
      answer: { status: 201, shape, isVersioned: true },
      takesSecret: true,
      prepare: sealing,
      run({ tx, body }, seal) {
        const { name, ...fields } = read(tx, creation, body)
        return answerOf(createWorkflow(tx, { ...columnsOf(fields), name }, seal), 201)
      },
    }),
    {
      ...reading,
      method: 'GET',
      path: '/workflows/:id',
      summary: 'Read a workflow with its graph',
      answer: { status: 200, shape, isVersioned: true },
      run: ({ tx, params }) => answerOf(getWorkflowByUid(tx, uidIn(params))),
    },
    withPreparation({
      ...writing,
      method: 'PATCH',
      path: '/workflows/:id',
      summary: 'Change a workflow, or switch it on or off; what is left out stays',
      body: change,
      answer: { status: 200, shape, isVersioned: true },
      takesSecret: true,
      version: versionIn,
      prepare: sealing,
      run({ tx, params, body }, seal) {
        const { id } = getWorkflowByUid(tx, uidIn(params))
        return answerOf(updateWorkflow(tx, id, columnsOf(read(tx, change, body)), seal))
      },
    }),
    {
      ...writing,
      method: 'DELETE',
      path: '/workflows/:id',
      summary: 'Delete a workflow with its versions and executions',
      answer: removed,
      version: versionIn,
      run({ tx, params }) {
        deleteWorkflow(tx, getWorkflowByUid(tx, uidIn(params)).id)
        return gone
      },
    },
    {
      ...writing,
      method: 'POST',
      path: '/workflows/:id/trigger',
      summary: 'Start an active workflow, whatever its trigger',
      body: start,
      answer: { status: 200, shape: on.single(startShape) },
      run({ tx, params, body }) {
        const { id } = getWorkflowByUid(tx, uidIn(params))
        const { ticketId, data = {} } = read(tx, start, body)
        const ticket = ticketId ? ticketIdIn(tx, ticketId) : undefined
        const run = triggerWorkflow(tx, id, { ticketId: ticket ?? null, data: data as Fact })
        return { status: 200, body: on.body(presentStart(run)) }
      },
    },
  ]
}

function versionIn({ tx, params }: Call<Reader>): number | undefined {
  return workflowRowVersionByUid(tx, uidIn(params))
}

function uidIn(params: { readonly [name: string]: string }): string | undefined {
  return uidOf('workflow', params['id'] ?? '')
}
