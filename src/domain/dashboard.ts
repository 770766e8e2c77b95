import { dayMs } from '../lib/time.ts'
import { figuresOfAgent, type AgentFigures } from '../store/dashboard.ts'
import { reachOfAgent } from './reach.ts'
import type { Reader } from './tx.ts'

/** What an agent sees first, over the tickets in the agent's reach (deskhive.md section 20). */
export function dashboardOf(reader: Reader, agentId: number): AgentFigures {
  const reach = reachOfAgent(reader, agentId)
  return figuresOfAgent(reader.q, reach, Math.floor(reader.now / dayMs))
}
