import { z } from 'zod'
import { triggerWorkflow } from '../../../domain/executions.ts'
import type { Fact } from '../../../domain/facts.ts'
import type { Reader, Tx } from '../../../domain/tx.ts'
import {
  createWorkflow,
  deleteWorkflow,
  getWorkflow,
  listWorkflows,
  updateWorkflow,
  workflowRowVersion,
  type Workflow,
} from '../../../domain/workflows.ts'
import { workflowTemplates } from '../../../domain/workflowtemplates.ts'
import { integerId } from '../../../lib/ids.ts'
import { withPreparation, type Call, type Endpoint } from '../../endpoint.ts'
import { read, readQuery } from '../../fields.ts'
import { sealing } from '../../workflowfields.ts'
import {
  created,
  deleted,
  list,
  listed,
  pagingOf,
  pagingQuery,
  single,
  told,
  updated,
} from '../envelope.ts'
import { flag } from '../fields.ts'
import { changes, columnsOf, fields, start } from './workflowfields.ts'
import {
  presentSummary,
  presentTemplate,
  presentWorkflow,
  startShape,
  templateShape,
  workflowShape,
  workflowSummaryShape,
} from './workflowshapes.ts'

const perPage = 15

const filters = z.object({ is_active: flag() })

const tag = 'Workflows'
const changed = { status: 200, shape: told(workflowShape, updated), isVersioned: true } as const

/** Workflows for admins (ours): keva.md section 8 in this dialect. */
export const workflows: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/workflows',
    scope: 'workflows:list',
    tag,
    summary: 'List workflows, newest first',
    query: z.object({ ...pagingQuery(perPage), ...filters.shape }),
    answer: { status: 200, shape: list(workflowSummaryShape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      const { is_active: activeOnly = false } = readQuery(tx, filters, query)
      const page = listWorkflows(tx, { activeOnly }, paging.range)
      return { status: 200, body: listed(paging, page, presentSummary) }
    },
  },
  {
    method: 'GET',
    path: '/workflows/templates',
    scope: 'workflows:list',
    tag,
    summary: 'List ready workflows, each good to be sent as it is',
    answer: {
      status: 200,
      shape: single(z.strictObject({ templates: z.array(templateShape) })),
    },
    run: () => ({
      status: 200,
      body: { data: { templates: workflowTemplates.map(presentTemplate) } },
    }),
  },
  withPreparation({
    method: 'POST',
    path: '/workflows',
    scope: 'workflows:create',
    tag,
    summary: 'Add a workflow; only a complete one may be active',
    body: fields,
    answer: { status: 201, shape: told(workflowShape, created), isVersioned: true },
    takesSecret: true,
    prepare: sealing,
    run({ tx, body }, seal) {
      const { name, ...given } = read(tx, fields, body)
      const workflow = createWorkflow(tx, { ...columnsOf(given), name }, seal)
      return told201(workflow)
    },
  }),
  {
    method: 'GET',
    path: '/workflows/:id',
    scope: 'workflows:read',
    tag,
    summary: 'Read a workflow with its graph',
    answer: { status: 200, shape: single(workflowShape), isVersioned: true },
    run({ tx, params }) {
      const workflow = getWorkflow(tx, idIn(params))
      return {
        status: 200,
        body: { data: presentWorkflow(workflow) },
        version: workflow.rowVersion,
      }
    },
  },
  withPreparation({
    method: 'PUT',
    path: '/workflows/:id',
    scope: 'workflows:update',
    tag,
    summary: 'Change a workflow; the name must be given',
    body: fields,
    answer: changed,
    takesSecret: true,
    version: versionIn,
    prepare: sealing,
    run: (call, seal) => change(call, fields, seal),
  }),
  withPreparation({
    method: 'PATCH',
    path: '/workflows/:id',
    scope: 'workflows:update',
    tag,
    summary: 'Change a workflow, or switch it on or off; what is left out stays',
    body: changes,
    answer: changed,
    takesSecret: true,
    version: versionIn,
    prepare: sealing,
    run: (call, seal) => change(call, changes, seal),
  }),
  {
    method: 'DELETE',
    path: '/workflows/:id',
    scope: 'workflows:delete',
    tag,
    summary: 'Delete a workflow with its versions and executions',
    answer: { status: 200, shape: told(z.null(), deleted) },
    version: versionIn,
    run({ tx, params }) {
      deleteWorkflow(tx, getWorkflow(tx, idIn(params)).id)
      return { status: 200, body: { data: null, message: deleted } }
    },
  },
  {
    method: 'POST',
    path: '/workflows/:id/trigger',
    scope: 'workflows:update',
    tag,
    summary: 'Start an active workflow, whatever its trigger',
    body: start,
    answer: { status: 200, shape: single(startShape) },
    run({ tx, params, body }) {
      const { id } = getWorkflow(tx, idIn(params))
      const { ticket_id: ticketId = null, data = {} } = read(tx, start, body)
      const run = triggerWorkflow(tx, id, { ticketId, data: data as Fact })
      return { status: 200, body: { data: { execution_id: run.id, status: run.status } } }
    },
  },
]

function change(
  { tx, params, body }: Call<Tx>,
  table: typeof fields | typeof changes,
  seal: string,
) {
  const { id } = getWorkflow(tx, idIn(params))
  const workflow = updateWorkflow(tx, id, columnsOf(read(tx, table, body, id)), seal)
  const { rowVersion: version } = workflow
  return { status: 200, body: { data: presentWorkflow(workflow), message: updated }, version }
}

function told201(workflow: Workflow) {
  const { rowVersion: version } = workflow
  return { status: 201, body: { data: presentWorkflow(workflow), message: created }, version }
}

function versionIn({ tx, params }: Call<Reader>): number | undefined {
  return workflowRowVersion(tx, idIn(params))
}

function idIn(params: { readonly [name: string]: string }): number | undefined {
  return integerId(params['id'] ?? '')
}
