import { z } from 'zod'
import type { Execution, WholeExecution } from '../../domain/executions.ts'
import { problemsOf, type Workflow, type WorkflowSummary } from '../../domain/workflows.ts'
import type { WholeVersion, WorkflowVersion } from '../../domain/workflowversions.ts'
import { publicId } from '../../lib/ids.ts'
import { isoSeconds, isoSecondsOrNull } from '../../lib/time.ts'
import { graphSentence } from '../graphwords.ts'
import { durationMs, runWaits, webhookPath } from '../runs.ts'
import { date } from './shapes.ts'

const graphShape = z.record(z.string(), z.unknown()).meta({ description: 'As it was sent (8.5)' })

const summary = {
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  isActive: z.boolean(),
  triggerType: z.string(),
  version: z.int().min(1),
  executionCount: z.int().min(0),
  lastTriggeredAt: date.nullable(),
  createdAt: date,
  updatedAt: date,
}

/** keva.md 8.2, without the graph. */
export const workflowSummaryShape = z.strictObject(summary).meta({ id: 'WorkflowSummary' })

export const workflowShape = z
  .strictObject({
    ...summary,
    workflowJson: graphShape,
    autonomyLevel: z.int().min(1).max(5).nullable(),
    nextRunAt: date.nullable(),
    webhookPath: z.string().nullable().meta({ description: 'Where its own URL is (8.7)' }),
    hasWebhookSecret: z.boolean(),
    problems: z
      .array(
        z.strictObject({
          nodeId: z.string().nullable(),
          edgeId: z.string().nullable(),
          message: z.string(),
        }),
      )
      .meta({ description: 'What keeps it from being activated' }),
  })
  .meta({ id: 'Workflow' })

const version = {
  version: z.int().min(1),
  triggerType: z.string(),
  createdAt: date,
  createdBy: z.string().nullable().meta({ description: 'The name of the person or the API key' }),
}

export const versionShape = z.strictObject(version).meta({ id: 'WorkflowVersion' })

export const wholeVersionShape = z
  .strictObject({ ...version, workflowJson: graphShape })
  .meta({ id: 'WorkflowVersionWithGraph' })

const runStatuses = ['running', 'waiting', 'completed', 'failed', 'skipped'] as const

const execution = {
  id: z.string(),
  workflowId: z.string(),
  ticketId: z.string().nullable(),
  triggerType: z.string(),
  status: z.enum(runStatuses),
  startedAt: date,
  completedAt: date.nullable(),
  durationMs: z.int().min(0).nullable(),
  error: z.string().nullable(),
  version: z.int().min(1),
}

/** keva.md 8.6. */
export const executionShape = z.strictObject(execution).meta({ id: 'WorkflowExecution' })

export const wholeExecutionShape = z
  .strictObject({
    ...execution,
    trigger: z.strictObject({ type: z.string(), timestamp: date, data: z.unknown() }),
    variables: z.record(z.string(), z.unknown()),
    waitsFor: z.enum(runWaits).nullable().meta({ description: 'Why it does not go on at once' }),
    resumesAt: date.nullable(),
    steps: z.array(
      z.strictObject({
        nodeId: z.string(),
        type: z.enum(['trigger', 'condition', 'action', 'delay', 'end']),
        status: z.enum(['done', 'calling', 'waiting', 'failed']),
        startedAt: date,
        completedAt: date.nullable(),
        durationMs: z.int().min(0).nullable(),
        attempts: z.int().min(0),
        error: z.string().nullable(),
        detail: z
          .record(z.string(), z.unknown())
          .meta({ description: 'What was compared with what, or what was done' }),
      }),
    ),
  })
  .meta({ id: 'WorkflowExecutionWithSteps' })

/** What starting a workflow answers. */
export const startShape = z
  .strictObject({ executionId: z.string(), status: z.enum(runStatuses) })
  .meta({ id: 'WorkflowStart' })

export function presentSummary(workflow: WorkflowSummary) {
  return {
    id: publicId('workflow', workflow.uid),
    name: workflow.name,
    description: workflow.description,
    isActive: workflow.isActive,
    triggerType: workflow.triggerType,
    version: workflow.version,
    executionCount: workflow.executionCount,
    lastTriggeredAt: isoSecondsOrNull(workflow.lastTriggeredAt),
    createdAt: isoSeconds(workflow.createdAt),
    updatedAt: isoSeconds(workflow.updatedAt),
  }
}

export function presentWorkflow(workflow: Workflow) {
  const { triggerKind, uid } = workflow
  return {
    ...presentSummary(workflow),
    workflowJson: workflow.graph,
    autonomyLevel: workflow.autonomyLevel,
    nextRunAt: isoSecondsOrNull(workflow.nextRunAt),
    webhookPath: triggerKind === 'webhook' ? webhookPath(uid) : null,
    hasWebhookSecret: workflow.hasSecret,
    problems: problemsOf(workflow).map((fault) => ({
      nodeId: fault.nodeId ?? null,
      edgeId: fault.edgeId ?? null,
      message: graphSentence(fault),
    })),
  }
}

export function presentVersion(shown: WorkflowVersion) {
  return {
    version: shown.id,
    triggerType: shown.triggerType,
    createdAt: isoSeconds(shown.createdAt),
    createdBy: shown.staffName ?? shown.keyName,
  }
}

export function presentWholeVersion(shown: WholeVersion) {
  return { ...presentVersion(shown), workflowJson: shown.graph }
}

export function presentExecution(workflow: WorkflowSummary) {
  return (run: Execution) => {
    const { startedAt, completedAt, ticketUid } = run
    return {
      id: publicId('run', run.uid),
      workflowId: publicId('workflow', workflow.uid),
      ticketId: ticketUid === null ? null : publicId('ticket', ticketUid),
      triggerType: run.triggerType,
      status: run.status,
      startedAt: isoSeconds(startedAt),
      completedAt: isoSecondsOrNull(completedAt),
      durationMs: durationMs(run),
      error: run.error,
      version: run.version,
    }
  }
}

export function presentWholeExecution(workflow: WorkflowSummary, run: WholeExecution) {
  const { type, at, data } = run.trigger
  return {
    ...presentExecution(workflow)(run),
    trigger: { type, timestamp: isoSeconds(at), data },
    variables: run.variables,
    waitsFor: run.waitsFor,
    resumesAt: isoSecondsOrNull(run.dueAt),
    steps: run.steps.map((step) => ({
      nodeId: step.nodeId,
      type: step.kind,
      status: step.status,
      startedAt: isoSeconds(step.startedAt),
      completedAt: isoSecondsOrNull(step.completedAt),
      durationMs: durationMs(step),
      attempts: step.attempts,
      error: step.error,
      detail: step.detail,
    })),
  }
}

export function presentStart({ uid, status }: WholeExecution) {
  return { executionId: publicId('run', uid), status }
}
