import { proveBoot } from './boot.ts'
import { proveAlone, proveSelfCheck, proveTest, type CheckResult } from './checks.ts'
import { proveDisk } from './disk.ts'
import { proveImages } from './images.ts'
import { killRounds } from './kill.ts'
import { proveOrder } from './order.ts'
import type { Shim } from './shim.ts'

export type BarOptions = {
  readonly binary: string
  readonly seed: number
  /** 1 is full size. */
  readonly scale: number
  readonly shim: Shim | { readonly skipped: string }
  /** Shows how far a bar is, for a person who waits. */
  readonly report: (done: number) => void
}

export type Outcome = CheckResult | { readonly skipped: string }

export type Bar = {
  readonly id: string
  readonly what: string
  readonly run: (options: BarOptions) => Promise<Outcome>
}

const testOfS9 = 'test/store/db.test.ts'

/** The bars of storage, in the order of the table. Sizes are those of the full proof. */
export const storageBars: readonly Bar[] = [
  { id: 'S1', what: 'kill -9 under load, 8 clients, both dialects', run: kill },
  { id: 'S2', what: 'log write, then sync, then answer', run: withShim(order) },
  { id: 'S3', what: 'power-loss images: lost, torn, reordered', run: withShim(images) },
  { id: 'S4a', what: 'failing writes and syncs under load', run: withShim(disk) },
  { id: 'S4b', what: 'failing writes and syncs during a start', run: withShim(boot) },
  { id: 'S6', what: 'a second server on the same folder', run: alone },
  { id: 'S9', what: `no async transaction (${testOfS9})`, run: async () => proveTest(testOfS9) },
  { id: 'S12', what: 'self-check at the start', run: ({ binary }) => proveSelfCheck(binary) },
]

type WithShim = BarOptions & { readonly shim: Shim }

function withShim(run: (options: WithShim) => Promise<Outcome>): Bar['run'] {
  return async (options) => {
    const { shim } = options
    return 'skipped' in shim ? shim : await run({ ...options, shim })
  }
}

async function kill({ binary, seed, scale, report }: BarOptions): Promise<Outcome> {
  const rounds = sized(200, scale)
  const done = await killRounds({ binary, rounds, clients: 8, seed, report })
  const cut = `${done.storedUnanswered} of ${done.cutOff} cut-off writes stored`
  const starts = `slowest start ${Math.round(done.slowestStartMs)} ms`
  const figure = `${done.rounds} rounds, ${done.acknowledged} acknowledged, ${cut}, ${starts}`
  return { figure, problems: done.problems }
}

async function order({ binary, shim, seed, scale }: WithShim): Promise<Outcome> {
  const writes = sized(2000, scale)
  const done = await proveOrder({ binary, shim, seed, writes, clients: 4 })
  const figure = `${done.acknowledged} answers, ${done.commits} commits, ${done.syncs} syncs`
  return { figure, problems: done.problems }
}

async function images({ binary, shim, seed, scale, report }: WithShim): Promise<Outcome> {
  const size = { images: sized(1000, scale), writes: 600, clients: 4, startEvery: 50 }
  const done = await proveImages({ binary, shim, seed, report, ...size })
  const damaged = `${done.damaged} damaged, ${done.inCheckpoint} in a checkpoint`
  const figure = `${done.images} images of ${done.steps} steps, ${damaged}, ${done.started} started`
  return { figure, problems: done.problems }
}

async function disk({ binary, shim, seed, scale, report }: WithShim): Promise<Outcome> {
  const done = await proveDisk({ binary, shim, seed, report, faults: sized(500, scale) })
  const answers = `${done.acknowledged} acknowledged, ${done.refused} refused`
  const recovery = `slowest recovery ${Math.round(done.slowestRecoveryMs)} ms`
  return { figure: `${done.fired} faults, ${answers}, ${recovery}`, problems: done.problems }
}

async function boot({ binary, shim, seed, scale, report }: WithShim): Promise<Outcome> {
  const faultsPerKind = sized(40, scale)
  const done = await proveBoot({ binary, shim, seed, report, faultsPerKind })
  const figure = `${done.starts} starts, ${done.ended} refused, ${done.served} served`
  return { figure, problems: done.problems }
}

function alone({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveAlone(binary, sized(10, scale))
}

export function sized(full: number, scale: number): number {
  return Math.max(2, Math.round(full * scale))
}
