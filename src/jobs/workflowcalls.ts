import { jobActor, type Desk } from '../domain/tx.ts'
import {
  areCallsDue,
  claimCalls,
  giveBackCalls,
  settleCall,
  takeBackCalls,
  type Call,
  type CallOutcome,
  type Room,
} from '../domain/workflowcalls.ts'
import type { Log } from '../lib/log.ts'
import { secondMs, type Millis } from '../lib/time.ts'

/** Makes one call, under its id. A rejection counts as a failure that may pass. */
export type MakeCall = (call: Call) => Promise<CallOutcome>

export type CallParts = {
  readonly desk: Desk
  readonly log: Log
  /** Names this run of the server; no other run has the same. */
  readonly lease: string
  readonly make: MakeCall
  /** The longest that a call may take. */
  readonly timeoutMs: () => Millis
  /** How many are made at the same time. */
  readonly inFlightMost: () => number
  /** Breaks off every call that is under way. */
  readonly breakOff: () => void
}

// Past the deadline of a call, for a process that was held up.
const leaseMarginMs = 30 * secondMs

/** The calls of workflows that leave the machine: claimed, made outside of any transaction, and settled. */
export class CallDesk {
  readonly #parts: CallParts
  readonly #underWay = new Map<Call, Promise<void>>()
  #isClaiming = false
  #isStopping = false
  #hasGivenBack = false
  #isDeep = false
  #tellSettled: () => void = () => {}

  constructor(parts: CallParts) {
    this.#parts = parts
  }

  get inFlight(): number {
    return this.#underWay.size
  }

  /** Tells whoever can go on once a call is settled. */
  onSettled(tell: () => void): void {
    this.#tellSettled = tell
  }

  /** At the start: what an earlier run of the server had in flight comes due at once. */
  async takeBack(): Promise<void> {
    const { desk, log } = this.#parts
    const taken = await desk.write(jobActor, takeBackCalls)
    if (taken > 0) log.info('workflow calls taken back', { calls: taken })
  }

  /** The next look goes behind many calls of workflows that have no room: a longer one, for once a second. */
  lookDeeper(): void {
    this.#isDeep = true
  }

  /** Begins calls that are due, as many as there is room for. A question costs no commit. */
  look(): void {
    const { desk, log } = this.#parts
    const room = this.#room()
    if (this.#isClaiming || this.#isStopping || room.most <= 0) return
    this.#isDeep = false
    if (!desk.read(jobActor, (reader) => areCallsDue(reader, room))) return
    this.#isClaiming = true
    this.#claim(room)
      .catch((err: unknown) => log.error('workflow calls not claimed', err))
      .finally(() => {
        this.#isClaiming = false
      })
  }

  /** Begins nothing more, gives what is under way `graceMs`, and the rest back. */
  async stop(graceMs: Millis): Promise<void> {
    this.#isStopping = true
    const { desk, lease, log, breakOff } = this.#parts
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, graceMs)
    await Promise.race([Promise.all(this.#underWay.values()), late])
    clearTimeout(timer)
    this.#hasGivenBack = true
    try {
      const given = await desk.write(jobActor, (tx) => giveBackCalls(tx, lease))
      if (given > 0) log.info('workflow calls given back', { calls: given })
    } catch (err) {
      // The next run of the server takes them back.
      log.error('workflow calls not given back', err)
    }
    breakOff()
  }

  async #claim(room: Room): Promise<void> {
    const { desk, lease, timeoutMs } = this.#parts
    const claim = { lease, leaseMs: timeoutMs() + leaseMarginMs, room }
    const calls = await desk.write(jobActor, (tx) => claimCalls(tx, claim))
    // What was claimed while stopping is given back with the rest.
    if (this.#isStopping) return
    for (const call of calls) {
      const done = this.#make(call).finally(() => {
        this.#underWay.delete(call)
        this.#tellSettled()
      })
      this.#underWay.set(call, done)
    }
  }

  #room(): Room {
    const underWay = new Map<number, number>()
    for (const { workflowId } of this.#underWay.keys()) {
      underWay.set(workflowId, (underWay.get(workflowId) ?? 0) + 1)
    }
    const most = this.#parts.inFlightMost()
    // A receiver that hangs must not hold up the calls of other workflows.
    const ofOneWorkflow = Math.ceil(most / 2)
    return { most: most - this.inFlight, ofOneWorkflow, underWay, isDeep: this.#isDeep }
  }

  async #make(call: Call): Promise<void> {
    const { desk, log, make } = this.#parts
    const { type, attempts, uid } = call
    try {
      const outcome = await make(call).catch((err: unknown): CallOutcome => {
        log.error('workflow call failed', err, { call: uid })
        return { failure: 'It failed for a reason in the log', isFinal: false }
      })
      if (this.#hasGivenBack) return
      await desk.write(jobActor, (tx) => settleCall(tx, call, outcome))
      const failure = 'failure' in outcome ? outcome.failure : null
      log.info('workflow call made', { call: uid, action: type, attempt: attempts, failure })
    } catch (err) {
      // Its lease ends, and it comes due again.
      log.error('workflow call not settled', err, { call: uid })
    }
  }
}
