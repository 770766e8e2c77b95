import { z } from 'zod'
import { dashboardOf } from '../../../domain/dashboard.ts'
import type { Endpoint } from '../../endpoint.ts'
import { agentSingle } from '../envelope.ts'
import { agentIdOf } from './own.ts'

const count = z.int().min(0)

const shape = z.strictObject({
  open_tickets: count,
  in_progress_tickets: count,
  needs_response: count,
  closed_today: count,
})

/** deskhive.md section 20, over the tickets that the agent reaches (D10). */
export const dashboard: Endpoint = {
  method: 'GET',
  path: '/dashboard',
  scope: null,
  tag: 'Dashboard',
  summary: "Count the agent's tickets",
  answer: { status: 200, shape: agentSingle(shape) },
  run(call) {
    const figures = dashboardOf(call.tx, agentIdOf(call))
    const data = {
      open_tickets: figures.open,
      in_progress_tickets: figures.inProgress,
      needs_response: figures.waiting,
      closed_today: figures.ended,
    }
    return { status: 200, body: { status: true, data } }
  },
}
