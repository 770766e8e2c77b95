import { z } from 'zod'
import { getExecution, listExecutions } from '../../../domain/executions.ts'
import type { Reader } from '../../../domain/tx.ts'
import { getWorkflow } from '../../../domain/workflows.ts'
import { getVersion, listVersions, restoreVersion } from '../../../domain/workflowversions.ts'
import { integerId } from '../../../lib/ids.ts'
import { withPreparation, type Endpoint } from '../../endpoint.ts'
import { readQuery } from '../../fields.ts'
import { sealing } from '../../workflowfields.ts'
import { list, listed, pagingOf, pagingQuery, single, told, updated } from '../envelope.ts'
import { optionalOneOf } from '../fields.ts'
import {
  executionShape,
  presentExecution,
  presentVersion,
  presentWholeExecution,
  presentWholeVersion,
  presentWorkflow,
  versionShape,
  wholeExecutionShape,
  wholeVersionShape,
  workflowShape,
} from './workflowshapes.ts'

const perPage = 50
const filters = z.object({ include: optionalOneOf(['skipped']) })

const reading = { scope: 'workflows:read', tag: 'Workflows' } as const

type Params = { readonly [name: string]: string }

/** What a workflow did and what it was, for admins (ours). */
export const executions: readonly Endpoint[] = [
  {
    ...reading,
    method: 'GET',
    path: '/workflows/:id/executions',
    summary: 'List executions, newest first; those that did nothing only with include=skipped',
    query: z.object({ ...pagingQuery(perPage), ...filters.shape }),
    answer: { status: 200, shape: list(executionShape) },
    run({ tx, params, query }) {
      const workflow = workflowIn(tx, params)
      const paging = pagingOf(query, perPage)
      const includesSkipped = readQuery(tx, filters, query).include === 'skipped'
      const page = listExecutions(tx, workflow, paging.range, { includesSkipped })
      return { status: 200, body: listed(paging, page, presentExecution) }
    },
  },
  {
    ...reading,
    method: 'GET',
    path: '/workflows/:id/executions/:executionId',
    summary: 'Read an execution with what it did at each node, and why',
    answer: { status: 200, shape: single(wholeExecutionShape) },
    run({ tx, params }) {
      const { id } = workflowIn(tx, params)
      const run = getExecution(tx, id, integerId(params['executionId'] ?? ''))
      return { status: 200, body: { data: presentWholeExecution(run) } }
    },
  },
  {
    ...reading,
    method: 'GET',
    path: '/workflows/:id/versions',
    summary: 'List the versions of a workflow, newest first',
    query: z.object(pagingQuery(perPage)),
    answer: { status: 200, shape: list(versionShape) },
    run({ tx, params, query }) {
      const paging = pagingOf(query, perPage)
      const page = listVersions(tx, workflowIn(tx, params), paging.range)
      return { status: 200, body: listed(paging, page, presentVersion) }
    },
  },
  {
    ...reading,
    method: 'GET',
    path: '/workflows/:id/versions/:version',
    summary: 'Read a version of a workflow with its graph',
    answer: { status: 200, shape: single(wholeVersionShape) },
    run({ tx, params }) {
      const { id } = workflowIn(tx, params)
      return {
        status: 200,
        body: { data: presentWholeVersion(getVersion(tx, id, numberIn(params))) },
      }
    },
  },
  withPreparation({
    method: 'POST',
    path: '/workflows/:id/versions/:version/restore',
    scope: 'workflows:update',
    tag: 'Workflows',
    summary: 'Make the graph and trigger of a version those of a new one',
    answer: { status: 200, shape: told(workflowShape, updated), isVersioned: true },
    version: ({ tx, params }) => workflowIn(tx, params).rowVersion,
    prepare: sealing,
    run({ tx, params }, seal) {
      const { id } = workflowIn(tx, params)
      const workflow = restoreVersion(tx, id, numberIn(params), seal)
      const { rowVersion: version } = workflow
      return { status: 200, body: { data: presentWorkflow(workflow), message: updated }, version }
    },
  }),
]

function workflowIn(tx: Reader, params: Params) {
  return getWorkflow(tx, integerId(params['id'] ?? ''))
}

function numberIn(params: Params): number | undefined {
  return integerId(params['version'] ?? '')
}
