import type { WorkflowSummary } from '../domain/workflows.ts'
import type { presentSimulation } from '../http/keva/simulation.ts'
import type {
  presentExecution,
  presentWholeExecution,
  presentWorkflow,
} from '../http/keva/workflowshapes.ts'
import { presentSummary } from '../http/keva/workflowshapes.ts'

// Workflows for people at a terminal.

type Shown = ReturnType<typeof presentWorkflow>
type Execution = ReturnType<ReturnType<typeof presentExecution>>
type WholeExecution = ReturnType<typeof presentWholeExecution>
type Simulation = ReturnType<typeof presentSimulation>

const resultsMost = 10

export function workflowLine(workflow: WorkflowSummary): string {
  const { id, isActive, triggerType, executionCount, lastTriggeredAt, name } =
    presentSummary(workflow)
  const last = lastTriggeredAt ?? 'never run'
  return [id, stateOf(isActive), triggerType, `${executionCount} runs`, last, name].join('  ')
}

/** A workflow with what keeps it from being switched on. */
export function workflowText(workflow: Shown): string[] {
  const { id, name, isActive, triggerType, version, executionCount, nextRunAt, problems } = workflow
  return [
    `${name} (${id}) is ${stateOf(isActive)}`,
    `  trigger   ${triggerType}${nextRunAt === null ? '' : `, next at ${nextRunAt}`}`,
    `  version   ${version}`,
    `  runs      ${executionCount}, the last one ${workflow.lastTriggeredAt ?? 'never'}`,
    ...problems.map((problem) => `  problem   ${problemLine(problem)}`),
  ]
}

export function problemLine({ nodeId, edgeId, message }: Shown['problems'][number]): string {
  const place = nodeId ?? edgeId
  return place === null ? message : `${place}: ${message}`
}

export function executionLine(run: Execution): string {
  const { id, status, startedAt, ticketId, error } = run
  return [id, status, startedAt, ticketId ?? 'no ticket', ...(error === null ? [] : [error])].join(
    '  ',
  )
}

/** A run with what it did at each node, and why. */
export function executionText(run: WholeExecution): string[] {
  const { steps, resumesAt, version } = run
  return [
    `${executionLine(run)}  version ${version}`,
    ...(resumesAt === null ? [] : [`  goes on at ${resumesAt}`]),
    ...steps.flatMap(({ nodeId, type, status, error, detail }) => [
      `  ${nodeId}  ${type}  ${status}${error === null ? '' : `  ${error}`}`,
      ...Object.entries(detail).map(([name, fact]) => `    ${name}: ${JSON.stringify(fact)}`),
    ]),
  ]
}

/** What a workflow would do: to how many tickets, and what to the newest of them. */
export function simulationText({ tickets, matched, visits, results }: Simulation): string[] {
  const more = matched - Math.min(matched, resultsMost)
  return [
    `Of ${tickets} tickets, something would be done to ${matched}. Nothing was done.`,
    ...Object.entries(visits).map(([nodeId, count]) => `  ${nodeId}  ${count} tickets`),
    ...results
      .slice(0, resultsMost)
      .flatMap(({ reference, ticketId, path, changes, sends }) => [
        `${reference} (${ticketId}): ${path.map(({ nodeId, held }) => nodeId + heldWord(held)).join(' → ')}`,
        ...changes.map(
          ({ field, from, to }) => `    ${field}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`,
        ),
        ...sends.map(({ actionType, config }) => `    ${actionType} ${JSON.stringify(config)}`),
      ]),
    ...(more > 0 ? [`and ${more} more; --json shows a hundred`] : []),
  ]
}

function heldWord(held: boolean | undefined): string {
  if (held === undefined) return ''
  return held ? ' (holds)' : ' (does not hold)'
}

function stateOf(isActive: boolean): string {
  return isActive ? 'active' : 'off'
}
