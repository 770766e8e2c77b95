import { simulateWorkflow } from '../domain/simulation.ts'
import type { Desk } from '../domain/tx.ts'
import type { Autonomy } from '../domain/workflowapprovals.ts'
import type { Services } from './endpoint.ts'

/** The tickets that a simulation shows one by one. */
const resultsMost = 100

/** Tries graphs on past tickets, with what an AI may do by itself at that moment. */
export function simulator(desk: Desk, autonomy: () => Autonomy): Services['simulate'] {
  return (graph, span, { autonomyLevel, ...rules }) => {
    const { level, sensitive } = autonomy()
    const asked = { level: autonomyLevel ?? level, sensitive }
    return simulateWorkflow(desk, graph, span, { ...rules, autonomy: asked, resultsMost })
  }
}
