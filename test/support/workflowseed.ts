// Workflows that tests of the API find on a desk.

import { triggerWorkflow } from '../../src/domain/executions.ts'
import { line, tagged } from '../../src/domain/graphline.ts'
import type { Tx } from '../../src/domain/tx.ts'
import { createWorkflow, type NewWorkflow, type Workflow } from '../../src/domain/workflows.ts'
import { publicId } from '../../src/lib/ids.ts'
import type { TestApp } from './harness.ts'

/** A graph that can run: it tags the ticket. */
export const simpleGraph = line({ label: 'Start' }, tagged(['hot']))

/** What the app of a test seals with is not known here, so these have no secret. */
export function makeWorkflow(tx: Tx, fields: Partial<NewWorkflow> = {}): Workflow {
  return createWorkflow(tx, { name: 'Tag it', graph: simpleGraph, ...fields }, '')
}

/** Workflow 1, off; its public id is `{workflow}`. */
export async function workflow(app: TestApp): Promise<void> {
  await namedWorkflow({})(app)
}

/** Workflow 1, started by its own URL, with one run, `{execution}`. */
export async function startedWorkflow(app: TestApp): Promise<void> {
  await namedWorkflow({ triggerType: 'webhook', isActive: true })(app)
  const { uid } = await app.write((tx) => triggerWorkflow(tx, 1, { ticketId: null, data: {} }))
  app.named.set('execution', publicId('run', uid))
}

/** Workflow 1 as it is told; its public id is `{workflow}`. */
export function namedWorkflow(fields: Partial<NewWorkflow>): (app: TestApp) => Promise<void> {
  return async (app) => {
    const { uid } = await app.write((tx) => makeWorkflow(tx, fields))
    app.named.set('workflow', publicId('workflow', uid))
  }
}
