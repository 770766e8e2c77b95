import { z } from 'zod'
import type { Execution, WholeExecution } from '../../../domain/executions.ts'
import { problemsOf, type Workflow, type WorkflowSummary } from '../../../domain/workflows.ts'
import type { WorkflowTemplate } from '../../../domain/workflowtemplates.ts'
import type { WholeVersion, WorkflowVersion } from '../../../domain/workflowversions.ts'
import { isoSeconds, isoSecondsOrNull } from '../../../lib/time.ts'
import { graphSentence } from '../../graphwords.ts'
import { durationMs, runWaits, webhookPath } from '../../runs.ts'
import { date } from '../shapes.ts'

// No contract has workflows of this dialect: these are Keva's (keva.md section 8) in the spelling of this one.

const graphShape = z.record(z.string(), z.unknown())

const summary = {
  id: z.int(),
  name: z.string(),
  description: z.string().nullable(),
  is_active: z.boolean(),
  trigger_type: z.string(),
  version: z.int().min(1),
  execution_count: z.int().min(0),
  last_triggered_at: date.nullable(),
  created_at: date,
  updated_at: date,
}

export const workflowSummaryShape = z.strictObject(summary)

export const workflowShape = z.strictObject({
  ...summary,
  workflow_json: graphShape,
  autonomy_level: z.int().min(1).max(5).nullable(),
  next_run_at: date.nullable(),
  webhook_path: z.string().nullable(),
  has_webhook_secret: z.boolean(),
  problems: z.array(
    z.strictObject({
      node_id: z.string().nullable(),
      edge_id: z.string().nullable(),
      message: z.string(),
    }),
  ),
})

const version = {
  version: z.int().min(1),
  trigger_type: z.string(),
  created_at: date,
  created_by: z.string().nullable(),
}

export const versionShape = z.strictObject(version)
export const wholeVersionShape = z.strictObject({ ...version, workflow_json: graphShape })

const runStatuses = ['running', 'waiting', 'completed', 'failed', 'skipped'] as const

const execution = {
  id: z.int(),
  workflow_id: z.int(),
  ticket_id: z.int().nullable(),
  trigger_type: z.string(),
  status: z.enum(runStatuses),
  started_at: date,
  completed_at: date.nullable(),
  duration_ms: z.int().min(0).nullable(),
  error: z.string().nullable(),
  version: z.int().min(1),
}

export const executionShape = z.strictObject(execution)

export const wholeExecutionShape = z.strictObject({
  ...execution,
  trigger: z.strictObject({ type: z.string(), timestamp: date, data: z.unknown() }),
  variables: z.record(z.string(), z.unknown()),
  waits_for: z.enum(runWaits).nullable(),
  resumes_at: date.nullable(),
  steps: z.array(
    z.strictObject({
      node_id: z.string(),
      type: z.enum(['trigger', 'condition', 'action', 'delay', 'end']),
      status: z.enum(['done', 'calling', 'waiting', 'failed']),
      started_at: date,
      completed_at: date.nullable(),
      duration_ms: z.int().min(0).nullable(),
      attempts: z.int().min(0),
      error: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
})

export const startShape = z.strictObject({ execution_id: z.int(), status: z.enum(runStatuses) })

export const templateShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  trigger_type: z.string(),
  autonomy_level: z.int().nullable(),
  workflow_json: graphShape,
})

export function presentSummary(workflow: WorkflowSummary) {
  return {
    id: workflow.id,
    name: workflow.name,
    description: workflow.description,
    is_active: workflow.isActive,
    trigger_type: workflow.triggerType,
    version: workflow.version,
    execution_count: workflow.executionCount,
    last_triggered_at: isoSecondsOrNull(workflow.lastTriggeredAt),
    created_at: isoSeconds(workflow.createdAt),
    updated_at: isoSeconds(workflow.updatedAt),
  }
}

export function presentWorkflow(workflow: Workflow) {
  const path = webhookPath(workflow.uid)
  return {
    ...presentSummary(workflow),
    workflow_json: workflow.graph,
    autonomy_level: workflow.autonomyLevel,
    next_run_at: isoSecondsOrNull(workflow.nextRunAt),
    webhook_path: workflow.triggerKind === 'webhook' ? path : null,
    has_webhook_secret: workflow.hasSecret,
    problems: problemsOf(workflow).map((fault) => ({
      node_id: fault.nodeId ?? null,
      edge_id: fault.edgeId ?? null,
      message: graphSentence(fault),
    })),
  }
}

export function presentVersion(shown: WorkflowVersion) {
  return {
    version: shown.id,
    trigger_type: shown.triggerType,
    created_at: isoSeconds(shown.createdAt),
    created_by: shown.staffName ?? shown.keyName,
  }
}

export function presentWholeVersion(shown: WholeVersion) {
  return { ...presentVersion(shown), workflow_json: shown.graph }
}

export function presentExecution(run: Execution) {
  const { startedAt, completedAt } = run
  return {
    id: run.id,
    workflow_id: run.workflowId,
    ticket_id: run.ticketUid === null ? null : run.ticketId,
    trigger_type: run.triggerType,
    status: run.status,
    started_at: isoSeconds(startedAt),
    completed_at: isoSecondsOrNull(completedAt),
    duration_ms: durationMs(run),
    error: run.error,
    version: run.version,
  }
}

export function presentWholeExecution(run: WholeExecution) {
  const { type, at, data } = run.trigger
  return {
    ...presentExecution(run),
    trigger: { type, timestamp: isoSeconds(at), data },
    variables: run.variables,
    waits_for: run.waitsFor,
    resumes_at: isoSecondsOrNull(run.dueAt),
    steps: run.steps.map((step) => ({
      node_id: step.nodeId,
      type: step.kind,
      status: step.status,
      started_at: isoSeconds(step.startedAt),
      completed_at: isoSecondsOrNull(step.completedAt),
      duration_ms: durationMs(step),
      attempts: step.attempts,
      error: step.error,
      detail: step.detail,
    })),
  }
}

export function presentTemplate({ triggerType, autonomyLevel, graph, ...same }: WorkflowTemplate) {
  const { id, name, description } = same
  return {
    id,
    name,
    description,
    trigger_type: triggerType,
    autonomy_level: autonomyLevel,
    workflow_json: graph,
  }
}
