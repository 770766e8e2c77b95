type WorkflowTold = { readonly id: number; readonly uid: string; readonly name: string }

/** What the events of workflows tell. */
export type WorkflowBodies = {
  'workflow.created': WorkflowTold
  /** `fields` names what changed; a secret is only named. */
  'workflow.updated': WorkflowTold & { readonly fields: string[] }
  'workflow.activated': WorkflowTold
  'workflow.deactivated': WorkflowTold
  'workflow.deleted': WorkflowTold
  /**
   * A workflow was not started, because too many runs led to it, each started by the one before, or too many
   * webhooks that led back here; of those there is no run.
   */
  'workflow.cut': {
    readonly id: number
    readonly name: string
    readonly reference: string | null
    readonly runId: number | null
  }
}
