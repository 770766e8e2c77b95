import { z } from 'zod'
import type { Simulation, SimulatedTicket } from '../../../domain/simulation.ts'
import { getWorkflow, runnableGraph } from '../../../domain/workflows.ts'
import { integerId } from '../../../lib/ids.ts'
import { withPreparation, type Endpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import { graph, spanOf, triedMost } from '../../workflowfields.ts'
import { single } from '../envelope.ts'
import { optionalIntegerBetween, optionalMoment } from '../fields.ts'

const attempt = z.object({
  last: optionalIntegerBetween(1, triedMost),
  from: optionalMoment(),
  to: optionalMoment(),
  workflow_json: graph(),
})

const comparison = z.strictObject({
  field: z.string(),
  operator: z.string(),
  expected: z.unknown(),
  actual: z.unknown(),
  held: z.boolean(),
})

const shape = z.strictObject({
  tickets: z.int().min(0),
  matched: z.int().min(0),
  visits: z.record(z.string(), z.int()),
  results: z.array(
    z.strictObject({
      ticket_id: z.int(),
      reference_id: z.string(),
      path: z.array(
        z.strictObject({
          node_id: z.string(),
          type: z.enum(['condition', 'action', 'delay']),
          held: z.boolean().optional(),
          comparisons: z.array(comparison).optional(),
          action_type: z.string().optional(),
          needs_approval: z.boolean().optional(),
        }),
      ),
      changes: z.array(z.strictObject({ field: z.string(), from: z.unknown(), to: z.unknown() })),
      sends: z.array(
        z.strictObject({ action_type: z.string(), config: z.record(z.string(), z.unknown()) }),
      ),
    }),
  ),
})

/** Trying a workflow on past tickets before it is switched on, for admins (ours). It changes nothing. */
export const simulation: readonly Endpoint[] = [
  withPreparation({
    method: 'POST',
    path: '/workflows/:id/simulate',
    scope: 'workflows:update',
    tag: 'Workflows',
    summary: 'Try a workflow, or another graph in its place, on past tickets; nothing is done',
    body: attempt,
    answer: { status: 200, shape: single(shape) },
    prepare({ tx, params, body }, { simulate, keepOpen }, { request }) {
      const workflow = getWorkflow(tx, integerId(params['id'] ?? ''))
      const { workflow_json: other, ...tried } = read(tx, attempt, body)
      const tryable = runnableGraph(workflow, other)
      keepOpen(request)
      return () => simulate(tryable, spanOf(tried, tx.now), workflow)
    },
    run: (_call, done) => ({ status: 200, body: { data: present(done) } }),
  }),
]

function present({ tickets, matched, visits, results }: Simulation) {
  return { tickets, matched, visits, results: results.map(presentTicket) }
}

function presentTicket({ ticketId, reference, path, changes, sends }: SimulatedTicket) {
  return {
    ticket_id: ticketId,
    reference_id: reference,
    path: path.map((step) => ({
      node_id: step.nodeId,
      type: step.kind,
      held: step.held,
      comparisons: step.comparisons?.map(({ field, operator, expected, actual, held }) => ({
        field,
        operator,
        expected,
        actual,
        held,
      })),
      action_type: step.action,
      needs_approval: step.asks,
    })),
    changes: changes.map(({ field, from, to }) => ({ field, from, to })),
    sends: sends.map(({ action, config }) => ({ action_type: action, config })),
  }
}
