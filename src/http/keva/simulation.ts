import { z } from 'zod'
import type { Simulation, SimulatedTicket } from '../../domain/simulation.ts'
import { getWorkflowByUid, runnableGraph } from '../../domain/workflows.ts'
import { uidOf } from '../../lib/ids.ts'
import { withPreparation, type Endpoint } from '../endpoint.ts'
import { read } from '../fields.ts'
import { graph, spanOf, triedMost } from '../workflowfields.ts'
import { moment, wholeBetween } from './fields.ts'
import type { KevaSurface } from './surface.ts'

const attempt = z.object({
  last: wholeBetween(1, triedMost).optional(),
  from: moment().optional(),
  to: moment().optional(),
  workflowJson: graph(),
})

const comparison = z.strictObject({
  field: z.string(),
  operator: z.string(),
  expected: z.unknown(),
  actual: z.unknown(),
  held: z.boolean(),
})

const shape = z
  .strictObject({
    tickets: z.int().min(0).meta({ description: 'How many were tried' }),
    matched: z.int().min(0).meta({ description: 'To how many something would have been done' }),
    visits: z
      .record(z.string(), z.int())
      .meta({ description: 'How many tickets came by each node' }),
    results: z.array(
      z.strictObject({
        ticketId: z.string(),
        reference: z.string(),
        path: z.array(
          z.strictObject({
            nodeId: z.string(),
            type: z.enum(['condition', 'action', 'delay']),
            held: z.boolean().optional(),
            comparisons: z.array(comparison).optional(),
            actionType: z.string().optional(),
            needsApproval: z.boolean().optional(),
          }),
        ),
        changes: z.array(z.strictObject({ field: z.string(), from: z.unknown(), to: z.unknown() })),
        sends: z.array(
          z.strictObject({ actionType: z.string(), config: z.record(z.string(), z.unknown()) }),
        ),
      }),
    ),
  })
  .meta({ id: 'WorkflowSimulation' })

/** Trying a workflow on past tickets before it is switched on (ours). It changes nothing. */
export function simulation(on: KevaSurface): readonly Endpoint[] {
  return [
    withPreparation({
      method: 'POST',
      path: '/workflows/:id/simulate',
      scope: 'workflows:write',
      tag: 'Workflows',
      summary: 'Try a workflow, or another graph in its place, on past tickets; nothing is done',
      body: attempt,
      answer: { status: 200, shape: on.single(shape) },
      prepare({ tx, params, body }, { simulate, keepOpen }, { request }) {
        const workflow = getWorkflowByUid(tx, uidOf('workflow', params['id'] ?? ''))
        const { workflowJson, ...tried } = read(tx, attempt, body)
        const tryable = runnableGraph(workflow, workflowJson)
        keepOpen(request)
        return () => simulate(tryable, spanOf(tried, tx.now), workflow)
      },
      run: (_call, done) => ({ status: 200, body: on.body(presentSimulation(done)) }),
    }),
  ]
}

export function presentSimulation({ tickets, matched, visits, results }: Simulation) {
  return { tickets, matched, visits, results: results.map(presentTicket) }
}

function presentTicket({ id, reference, path, changes, sends }: SimulatedTicket) {
  return {
    ticketId: id,
    reference,
    path: path.map((step) => ({
      nodeId: step.nodeId,
      type: step.kind,
      held: step.held,
      comparisons: step.comparisons?.map(({ field, operator, expected, actual, held }) => ({
        field,
        operator,
        expected,
        actual,
        held,
      })),
      actionType: step.action,
      needsApproval: step.asks,
    })),
    changes: changes.map(({ field, from, to }) => ({ field, from, to })),
    sends: sends.map(({ action, config }) => ({ actionType: action, config })),
  }
}
