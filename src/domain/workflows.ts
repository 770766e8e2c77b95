import type { Millis } from '../lib/time.ts'
import type { WorkflowRow } from '../store/schema.ts'

export type { MisfirePolicy, RunStatus, TriggerKind } from '../store/schema.ts'

/** A workflow as it may be shown. `graph` is what was sent as `workflowJson`, unknown keys and all. */
export type Workflow = Omit<WorkflowRow, 'sealedSecret'> & {
  readonly hasSecret: boolean
  readonly graph: object
}

/** What a workflow was at one of its versions. */
export type WorkflowVersion = {
  readonly version: number
  readonly triggerType: string
  readonly graph: object
  readonly createdByKeyId: number | null
  readonly createdByStaffId: number | null
  readonly createdAt: Millis
}
