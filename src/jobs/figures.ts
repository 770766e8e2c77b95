import { countedMost, figures, workDue, type Figures } from '../domain/figures.ts'
import type { Probe } from '../domain/health.ts'
import { systemActor, type Desk } from '../domain/tx.ts'
import { minuteMs, secondMs } from '../lib/time.ts'

/** A figure, or one for each word of a label. */
export type Gauge = {
  readonly name: string
  readonly help: string
  readonly label?: string
  readonly read: () => number | ReadonlyMap<string, number>
}

const lateAfterMs = 5 * minuteMs

/** How webhooks and workflows stand, each read when it is asked for. */
export function stateGauges(desk: Desk): Gauge[] {
  const states = (pick: (found: Figures) => number | ReadonlyMap<string, number>) => () =>
    desk.read<number | ReadonlyMap<string, number>>(systemActor, (reader) => pick(figures(reader)))
  const due = (pick: (one: ReturnType<typeof workDue>[number]) => number) => () =>
    new Map(desk.read(systemActor, workDue).map((one) => [one.work, pick(one)]))
  const upTo = `counted up to ${countedMost}`
  return [
    {
      name: 'deskbox_webhook_deliveries',
      help: 'Deliveries that are kept, by state',
      label: 'state',
      read: states((found) => found.deliveries),
    },
    {
      name: 'deskbox_webhook_deliveries_in_flight',
      help: `Deliveries that are being made, ${upTo}`,
      read: states((found) => found.deliveriesInFlight),
    },
    {
      name: 'deskbox_webhook_endpoints',
      help: 'Webhooks by state',
      label: 'state',
      read: states((found) => found.endpoints),
    },
    {
      name: 'deskbox_workflow_runs',
      help: 'Runs of workflows that are kept, by state',
      label: 'state',
      read: states((found) => found.runs),
    },
    {
      name: 'deskbox_due_work',
      help: `Work that could be done now, ${upTo}`,
      label: 'work',
      read: due(({ rows }) => rows),
    },
    {
      name: 'deskbox_due_work_waited_seconds',
      help: 'How long the oldest work that could be done now has waited',
      label: 'work',
      read: due(({ waitedMs }) => waitedMs / secondMs),
    },
  ]
}

/** Whether what is due is done in time. Calls are answered all the same when it is not. */
export function dueWorkProbe(desk: Desk): Probe {
  return {
    name: 'due work',
    look() {
      const [oldest] = desk
        .read(systemActor, workDue)
        .toSorted((one, other) => other.waitedMs - one.waitedMs)
      const { work = '', waitedMs = 0 } = oldest ?? {}
      if (waitedMs <= lateAfterMs) return { isWell: true, detail: 'none is late' }
      const minutes = Math.floor(waitedMs / minuteMs)
      const detail = `${work}: the oldest has waited for ${minutes} minutes`
      return { isWell: false, isMinor: true, detail }
    },
  }
}
