import { dayMs } from '../lib/time.ts'
import { figuresOfAgent, type AgentFigures } from '../store/dashboard.ts'
import type { Reader } from './tx.ts'

/** What an agent sees first: running counts, so a long past costs nothing (deskhive.md section 20). */
export function dashboardOf(reader: Reader, agentId: number): AgentFigures {
  return figuresOfAgent(reader.q, agentId, Math.floor(reader.now / dayMs))
}
