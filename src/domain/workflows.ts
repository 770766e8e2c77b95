import type { Page, Window } from '../lib/page.ts'
import type { Millis } from '../lib/time.ts'
import type { WorkflowRow } from '../store/schema.ts'
import {
  insertVersion,
  insertWorkflow,
  patchWorkflow,
  workflowById,
  workflowIdByUid,
  workflowPage,
  type WorkflowView,
} from '../store/workflows.ts'
import { differing } from './changes.ts'
import { Fault, found } from './errors.ts'
import { graphFaults, sizeFaults } from './graphchecks.ts'
import type { Reader, Tx } from './tx.ts'
import type { Graph, GraphFault } from './workflowgraph.ts'
import { planOf, triggerKindOf, triggerTypeIn, type TriggerType } from './workflowplan.ts'
import { sealedSecretOf, secretIn, secretUid } from './workflowsecrets.ts'

export type { MisfirePolicy, RunStatus, TriggerKind } from '../store/schema.ts'

/** A workflow without its graph. Of its secret only whether it has one. */
export type WorkflowSummary = Omit<WorkflowRow, 'sealedSecret'> & { readonly hasSecret: boolean }

/** `graph` is what was sent, unknown keys and all; it need not be complete while the workflow is off. */
export type Workflow = WorkflowSummary & { readonly graph: object }

type WorkflowFields = {
  readonly name?: string | undefined
  readonly description?: string | null | undefined
  readonly triggerType?: TriggerType | undefined
  readonly graph?: object | undefined
  readonly isActive?: boolean | undefined
  /** How much its AI may do by itself (keva.md section 10); null for the desk's level. */
  readonly autonomyLevel?: number | null | undefined
  /** What callers of its own URL must know; null for none. */
  readonly secret?: string | null | undefined
}

export type NewWorkflow = WorkflowFields & { readonly name: string }

export type WorkflowPatch = WorkflowFields

const emptyGraph = { nodes: [], edges: [] }
const usualTrigger: TriggerType = 'ticket_created'

/**
 * Adds a workflow, off unless it is to be active. Without a word of its own, its trigger is the one that its
 * graph names. Throws `invalid` with every fault of its graph when it is to be active.
 */
export function createWorkflow(tx: Tx, fields: NewWorkflow, sealing: string): Workflow {
  const { graph = emptyGraph, secret = null, isActive = false, ...plain } = fields
  const triggerType = fields.triggerType ?? triggerTypeIn(graph) ?? usualTrigger
  const triggerKind = triggerKindOf(triggerType)
  refuseFaults(graph, triggerKind, isActive)
  const uid = secretUid(tx)
  const id = insertWorkflow(tx.q, {
    ...plain,
    uid,
    isActive,
    triggerType,
    triggerKind,
    ...planOf(graph, { triggerKind, isActive, after: tx.now }),
    sealedSecret: sealedSecretOf(tx, secret, sealing),
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  keepVersion(tx, { workflowId: id, version: 1, triggerType, graph: JSON.stringify(graph) })
  const name = { id, uid, name: fields.name }
  tx.emit('workflow.created', null, name)
  if (isActive) tx.emit('workflow.activated', null, name)
  return getWorkflow(tx, id)
}

/** Throws `not_found` when there is none. */
export function getWorkflow(reader: Reader, id: number | undefined): Workflow {
  return shown(rowOf(reader, id))
}

/** Throws `not_found` when there is none. */
export function getWorkflowByUid(reader: Reader, uid: string | undefined): Workflow {
  return getWorkflow(reader, uid === undefined ? undefined : workflowIdByUid(reader.q, uid))
}

/** The version of the record (not that of its graph), or undefined when there is none. */
export function workflowRowVersion(reader: Reader, id: number | undefined): number | undefined {
  return id === undefined ? undefined : workflowById(reader.q, id)?.rowVersion
}

/** As `workflowRowVersion`, by the public uid. */
export function workflowRowVersionByUid(
  reader: Reader,
  uid: string | undefined,
): number | undefined {
  return workflowRowVersion(reader, uid === undefined ? undefined : workflowIdByUid(reader.q, uid))
}

/** Newest first. */
export function listWorkflows(
  reader: Reader,
  filter: { readonly activeOnly: boolean },
  window: Window,
): Page<WorkflowSummary> {
  const { rows, total } = workflowPage(reader.q, filter, window)
  return { rows: rows.map(withoutSecret), total }
}

/** What keeps a workflow from being switched on. */
export function problemsOf({ graph, triggerKind }: Workflow): GraphFault[] {
  return graphFaults(graph, triggerKind)
}

/**
 * Sets what differs; when nothing does, nothing happens. Another graph or trigger is a new version; runs go on
 * with the one that they began with. Throws `invalid` with every fault of the graph when the workflow is, or is
 * to be, active.
 */
export function updateWorkflow(
  tx: Tx,
  id: number,
  patch: WorkflowPatch,
  sealing: string,
): Workflow {
  const row = rowOf(tx, id)
  const { graph, isActive = row.isActive, secret, ...plain } = patch
  const next = definitionAfter(row, patch)
  if (graph) refuseFaults(graph, next.triggerKind, false)
  const isSwitched = isActive !== row.isActive
  if (isActive && (next.isNew || isSwitched)) refuseFaults(next.graph, next.triggerKind, true)
  const isResealed = secret !== undefined && secret !== secretIn(row, sealing)
  const told = [
    ...differing(row, { ...plain, triggerType: next.triggerType }),
    ...(next.isOtherGraph ? ['graph'] : []),
    ...(isResealed ? ['secret'] : []),
  ]
  if (told.length === 0 && !isSwitched) return shown(row)
  patchWorkflow(tx.q, id, {
    ...plain,
    isActive,
    ...((next.isNew || isSwitched) && definitionColumns(tx, row, { ...next, isActive })),
    ...(isResealed && { sealedSecret: sealedSecretOf(tx, secret, sealing) }),
    rowVersion: row.rowVersion + 1,
    updatedAt: tx.now,
  })
  if (next.isNew) {
    const { triggerType, graph: saved } = next
    const version = row.version + 1
    keepVersion(tx, { workflowId: id, version, triggerType, graph: JSON.stringify(saved) })
  }
  const workflow = getWorkflow(tx, id)
  if (told.length > 0) tx.emit('workflow.updated', null, { ...nameOf(workflow), fields: told })
  if (isSwitched) {
    tx.emit(`workflow.${isActive ? 'activated' : 'deactivated'}`, null, nameOf(workflow))
  }
  return workflow
}

/**
 * Deletes a workflow: it starts nothing any more, and nobody finds it. What its runs did is not undone; its
 * versions and its executions are cleared away later, in small batches.
 */
export function deleteWorkflow(tx: Tx, id: number): void {
  const row = rowOf(tx, id)
  const gone = { isActive: false, nextRunAt: null, sealedSecret: null, deletedAt: tx.now }
  patchWorkflow(tx.q, id, gone)
  tx.emit('workflow.deleted', null, nameOf(row))
}

type Definition = {
  readonly graph: object
  readonly triggerType: string
  readonly triggerKind: WorkflowRow['triggerKind']
  readonly isOtherGraph: boolean
  /** Whether it makes a new version. */
  readonly isNew: boolean
}

/** A trigger is changed by its own field, or by the graph when that names another one than before. */
function definitionAfter(row: WorkflowView, patch: WorkflowPatch): Definition {
  const before = JSON.parse(row.graph) as object
  const graph = patch.graph ?? before
  const named = triggerTypeIn(graph)
  const isRenamed = named !== undefined && named !== triggerTypeIn(before)
  const triggerType = patch.triggerType ?? (isRenamed ? named : row.triggerType)
  const isOtherGraph = !Bun.deepEquals(graph, before)
  const isNew = isOtherGraph || triggerType !== row.triggerType
  return { graph, triggerType, triggerKind: triggerKindOf(triggerType), isOtherGraph, isNew }
}

/** The next planned time stays while nothing about it changes, so that a new name passes over none. */
function definitionColumns(
  tx: Tx,
  row: WorkflowView,
  next: Definition & { readonly isActive: boolean },
) {
  const { graph, triggerType, triggerKind, isActive, isNew } = next
  const plan = planOf(graph, { triggerKind, isActive, after: tx.now })
  const isSame = plan.schedule === row.schedule && plan.timezone === row.timezone
  const nextRunAt: Millis | null =
    isSame && isActive && plan.nextRunAt !== null
      ? (row.nextRunAt ?? plan.nextRunAt)
      : plan.nextRunAt
  return { ...plan, nextRunAt, triggerType, triggerKind, version: row.version + (isNew ? 1 : 0) }
}

/** The graph of a workflow, or another to try in its place, as one that can run. Throws `invalid`. */
export function runnableGraph(workflow: Workflow, other?: object): Graph {
  const graph = other ?? workflow.graph
  refuseFaults(graph, workflow.triggerKind, true)
  // It was checked just now.
  return graph as Graph
}

/** A graph that is not to run must only be one that can be kept. */
function refuseFaults(graph: object, triggerKind: string, isActive: boolean): void {
  const faults = isActive ? graphFaults(graph, triggerKind) : sizeFaults(graph)
  if (faults.length === 0) return
  const issues = faults.map((fault) => ({ field: placeOf(fault), rule: 'graph', fault }) as const)
  throw new Fault('invalid', 'graph', issues)
}

function placeOf({ nodeId, edgeId }: GraphFault): string {
  if (nodeId !== undefined) return `nodes.${nodeId}`
  return edgeId === undefined ? '' : `edges.${edgeId}`
}

type Version = Omit<Parameters<typeof insertVersion>[1], 'createdAt'>

function keepVersion(tx: Tx, version: Version): void {
  const { keyId, staffId } = tx.actor
  const by = { createdByKeyId: keyId, createdByStaffId: staffId }
  insertVersion(tx.q, { ...version, ...by, createdAt: tx.now })
}

function rowOf(reader: Reader, id: number | undefined): WorkflowView {
  return found(id === undefined ? undefined : workflowById(reader.q, id), 'workflow')
}

function shown({ graph, ...row }: WorkflowView): Workflow {
  return { ...withoutSecret(row), graph: JSON.parse(graph) as object }
}

function withoutSecret({ sealedSecret, ...row }: WorkflowRow): WorkflowSummary {
  return { ...row, hasSecret: sealedSecret !== null }
}

function nameOf({ id, uid, name }: Pick<WorkflowRow, 'id' | 'uid' | 'name'>) {
  return { id, uid, name }
}
