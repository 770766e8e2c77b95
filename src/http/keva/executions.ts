import { z } from 'zod'
import { getExecutionByUid, listExecutions } from '../../domain/executions.ts'
import { getWorkflowByUid } from '../../domain/workflows.ts'
import { getVersion, listVersions, restoreVersion } from '../../domain/workflowversions.ts'
import { integerId, uidOf } from '../../lib/ids.ts'
import { withPreparation, type Endpoint } from '../endpoint.ts'
import { readQuery } from '../fields.ts'
import { sealing } from '../workflowfields.ts'
import { oneOf } from './fields.ts'
import { byOffset, type KevaSurface } from './surface.ts'
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

const sizes = { usual: 50, most: 100 }
const filters = z.object({ include: oneOf(['skipped']).optional() })

const reading = { scope: 'workflows:read', tag: 'Workflows' } as const
const writing = { scope: 'workflows:write', tag: 'Workflows' } as const

type Params = { readonly [name: string]: string }

/** What a workflow did (keva.md 8.6), and what it was (ours). */
export function executions(on: KevaSurface): readonly Endpoint[] {
  const runs = on.list('executions', byOffset('executions', sizes))
  const versions = on.list('versions', byOffset('versions', sizes))
  return [
    {
      ...reading,
      method: 'GET',
      path: '/workflows/:id/executions',
      summary: 'List executions, newest first; those that did nothing only with include=skipped',
      query: runs.query(filters),
      answer: runs.answer(executionShape),
      run({ tx, params, query }) {
        const workflow = workflowIn(tx, params)
        const includesSkipped = readQuery(tx, filters, query).include === 'skipped'
        const body = runs.body(
          query,
          (window) => listExecutions(tx, workflow, window, { includesSkipped }),
          presentExecution(workflow),
        )
        return { status: 200, body }
      },
    },
    {
      ...reading,
      method: 'GET',
      path: '/workflows/:id/executions/:executionId',
      summary: 'Read an execution with what it did at each node, and why',
      answer: { status: 200, shape: on.single(wholeExecutionShape) },
      run({ tx, params }) {
        const workflow = workflowIn(tx, params)
        const uid = uidOf('run', params['executionId'] ?? '')
        const run = getExecutionByUid(tx, workflow.id, uid)
        return { status: 200, body: on.body(presentWholeExecution(workflow, run)) }
      },
    },
    {
      ...reading,
      method: 'GET',
      path: '/workflows/:id/versions',
      summary: 'List the versions of a workflow, newest first',
      query: versions.query(),
      answer: versions.answer(versionShape),
      run({ tx, params, query }) {
        const workflow = workflowIn(tx, params)
        const page = (window: Parameters<typeof listVersions>[2]) =>
          listVersions(tx, workflow, window)
        return { status: 200, body: versions.body(query, page, presentVersion) }
      },
    },
    {
      ...reading,
      method: 'GET',
      path: '/workflows/:id/versions/:version',
      summary: 'Read a version of a workflow with its graph',
      answer: { status: 200, shape: on.single(wholeVersionShape) },
      run({ tx, params }) {
        const { id } = workflowIn(tx, params)
        const version = getVersion(tx, id, versionIn(params))
        return { status: 200, body: on.body(presentWholeVersion(version)) }
      },
    },
    withPreparation({
      ...writing,
      method: 'POST',
      path: '/workflows/:id/versions/:version/restore',
      summary: 'Make the graph and trigger of a version those of a new one',
      answer: { status: 200, shape: on.single(workflowShape), isVersioned: true },
      version: ({ tx, params }) => workflowIn(tx, params).rowVersion,
      prepare: sealing,
      run({ tx, params }, seal) {
        const { id } = workflowIn(tx, params)
        const workflow = restoreVersion(tx, id, versionIn(params), seal)
        const { rowVersion } = workflow
        return { status: 200, body: on.body(presentWorkflow(workflow)), version: rowVersion }
      },
    }),
  ]
}

function workflowIn(tx: Parameters<typeof getWorkflowByUid>[0], params: Params) {
  return getWorkflowByUid(tx, uidOf('workflow', params['id'] ?? ''))
}

function versionIn(params: Params): number | undefined {
  return integerId(params['version'] ?? '')
}
