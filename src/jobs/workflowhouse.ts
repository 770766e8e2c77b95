import type { Clock, Desk, Random } from '../domain/tx.ts'
import type { Autonomy } from '../domain/workflowapprovals.ts'
import type { RunsKept } from '../domain/workflowremains.ts'
import { Programs } from '../domain/workflowruns.ts'
import { makeUid, uidRandomBytes } from '../lib/ids.ts'
import type { Log } from '../lib/log.ts'
import { dayMs, secondMs, type Millis } from '../lib/time.ts'
import { mailClient, type MailServer } from '../security/mail.ts'
import { Networks } from '../security/networks.ts'
import { outboundClient } from '../security/outbound.ts'
import type { TargetRules } from '../security/target.ts'
import { CallDesk } from './workflowcalls.ts'
import type { Model } from './workflowmodel.ts'
import { WorkflowRunner } from './workflows.ts'
import { callMaker, type Services } from './workflowservices.ts'

/** What the settings say of workflows. */
export type WorkflowSettings = Pick<Services, 'model' | 'slack' | 'teams' | 'connectors'> & {
  readonly autonomy: Autonomy
  readonly signature: string
  readonly model: Model | null
  readonly modelTimeoutMs: Millis
  /** How long a call may take that is none to the model. */
  readonly sendTimeoutMs: Millis
  readonly callsAtOnce: number
  readonly runsKept: RunsKept
  readonly mail: MailServer | null
}

/** Nothing is set up. */
export const noServices: WorkflowSettings = {
  autonomy: { level: 2, sensitive: [] },
  signature: '',
  model: null,
  modelTimeoutMs: 60 * secondMs,
  sendTimeoutMs: 15 * secondMs,
  callsAtOnce: 16,
  runsKept: { endedMs: 90 * dayMs, skippedMs: 7 * dayMs },
  mail: null,
  slack: new Map(),
  teams: new Map(),
  connectors: new Map(),
}

export type HouseParts = {
  readonly desk: Desk
  readonly machine: {
    readonly clock: Clock
    readonly monotonic: () => number
    readonly random: Random
    readonly log: Log
  }
  /** What holds now. */
  readonly settings: () => WorkflowSettings
  /** Where a workflow may send what. */
  readonly targets: () => TargetRules
}

const answerBytesMax = 16 * 1024
const modelAnswerBytesMax = 512 * 1024

// The person who runs the server has named these addresses, wherever they are.
const everywhere = new Networks(['0.0.0.0/0', '::/0'])

/** A runner of workflows with the services of the settings, at work. */
export function makeRunner(parts: HouseParts): WorkflowRunner {
  const { desk, machine, settings, targets } = parts
  const { clock, monotonic, random, log } = machine
  const ended = new AbortController()
  const services = (): Services => {
    const { mail, modelTimeoutMs, sendTimeoutMs, ...named } = settings()
    const common = { ...targets(), monotonic, ended: ended.signal }
    const own = { ...common, allowed: everywhere, timeoutMs: modelTimeoutMs }
    return {
      ...named,
      mail: mail && mailClient(mail),
      send: outboundClient({
        ...common,
        timeoutMs: sendTimeoutMs,
        bodyBytesMax: answerBytesMax,
      }),
      sendToOwn: outboundClient({ ...own, bodyBytesMax: modelAnswerBytesMax }),
    }
  }
  const calls = new CallDesk({
    desk,
    log,
    // No other run of the server has the same.
    lease: makeUid(clock(), random(uidRandomBytes)),
    make: callMaker(services),
    timeoutMs: () => Math.max(settings().sendTimeoutMs, settings().modelTimeoutMs),
    inFlightMost: () => settings().callsAtOnce,
    breakOff: () => ended.abort(),
  })
  const programs = new Programs()
  const rules = () => ({ programs, ...settings() })
  const runner = new WorkflowRunner({ desk, log, rules, calls })
  runner.start().catch((err: unknown) => log.error('workflows not begun', err))
  return runner
}
