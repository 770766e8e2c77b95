import { simulateWorkflow, type Simulation, type Span } from './simulation.ts'
import type { Desk } from './tx.ts'
import type { Autonomy } from './workflowapprovals.ts'
import type { Graph } from './workflowgraph.ts'
import { usualTimezone } from './workflowplan.ts'
import type { Workflow } from './workflows.ts'

/** How many of the last tickets are tried when nobody says. */
export const triedUsually = 100

/** The tickets that a simulation shows one by one. */
const resultsMost = 100

/** Tries a graph on past tickets in place of a workflow's own, by its level and time zone where it has them. */
export type Simulate = (
  graph: Graph,
  span: Span,
  workflow: Pick<Workflow, 'autonomyLevel' | 'timezone' | 'triggerType'>,
) => Promise<Simulation>

/** Tries graphs with what an AI may do by itself at that moment. */
export function simulator(desk: Desk, autonomy: () => Autonomy): Simulate {
  return (graph, span, { autonomyLevel, timezone, triggerType }) => {
    const { level, sensitive } = autonomy()
    return simulateWorkflow(desk, graph, span, {
      autonomy: { level: autonomyLevel ?? level, sensitive },
      timezone: timezone ?? usualTimezone,
      triggerType,
      resultsMost,
    })
  }
}
