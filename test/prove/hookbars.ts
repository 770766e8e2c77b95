import { sized, type Bar, type BarOptions, type Outcome } from './bars.ts'
import { proveTest } from './checks.ts'
import { proveHostile, proveRebinding } from './hookhostile.ts'
import { proveOutbox, proveRotation } from './hookinside.ts'
import { killDeliveries } from './hookkill.ts'
import { proveIsolation, proveLatency } from './hookload.ts'
import { proveLoop } from './hookloop.ts'
import { proveOutboxKills } from './hookoutbox.ts'
import { proveSignatures } from './hooksigned.ts'
import { proveStop } from './hookstop.ts'
import { proveTargets } from './hooktargets.ts'

const schedule = 'test/domain/retries.test.ts'
const loop = 'test/jobs/deliver.test.ts'
const replays = 'test/domain/replays.test.ts'

/** The bars of webhooks, in the order of the table. Sizes are those of the full proof. */
export const webhookBars: readonly Bar[] = [
  { id: 'W1', what: 'hostile receivers, and redirects (W4)', run: hostile },
  { id: 'W2', what: 'targets that must not be called', run: ({ binary }) => proveTargets(binary) },
  { id: 'W3', what: 'a name server that changes its mind', run: rebinding },
  { id: 'W5', what: '50 receivers of which 5 hang, 20 events/s', run: isolation },
  { id: 'W6', what: 'kill -9 at five moments of a delivery (J2)', run: kill },
  { id: 'W7', what: `ten attempts over three days (${schedule})`, run: tested(schedule) },
  { id: 'W8', what: 'signatures, in several languages', run: signatures },
  { id: 'W9', what: 'secrets that change at 200 deliveries/s', run: rotation },
  { id: 'W10a', what: `five days of failures; order, W11 (${loop})`, run: tested(loop) },
  { id: 'W10b', what: `replays of a range (${replays})`, run: tested(replays) },
  { id: 'W12', what: 'receivers that lead back to the server', run: loops },
  { id: 'J3a', what: 'no change without its event and deliveries', run: outbox },
  { id: 'J3b', what: 'the same, with kills', run: outboxKills },
  { id: 'J11', what: 'SIGTERM while receivers hang', run: ({ binary }) => proveStop(binary) },
  { id: 'P95', what: 'from the commit to the receiver, 20 events/s', run: latency },
]

function tested(file: string): Bar['run'] {
  return async () => proveTest(file)
}

function hostile({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveHostile({ binary, times: sized(20, scale), timeoutSeconds: 2 })
}

function rebinding({ scale }: BarOptions): Promise<Outcome> {
  return proveRebinding(sized(1000, scale))
}

function isolation({ binary, scale }: BarOptions): Promise<Outcome> {
  const field = { endpoints: 50, hanging: 5, eventsPerSecond: 20 }
  return proveIsolation({ binary, ...field, seconds: sized(180, scale) })
}

async function kill({ binary, seed, scale, report }: BarOptions): Promise<Outcome> {
  const size = { rounds: sized(200, scale), events: 250, endpoints: 4 }
  const done = await killDeliveries({ binary, seed, report, ...size })
  const again = `${done.repeats} came again of ${done.leased} under way`
  const recovery = `slowest recovery ${Math.round(done.slowestRecoveryMs)} ms`
  const figure = `${done.rounds} rounds, ${done.deliveries} deliveries, ${again}, ${recovery}`
  return { figure, problems: done.problems }
}

function rotation({ scale }: BarOptions): Promise<Outcome> {
  return proveRotation({ perSecond: 200, seconds: sized(30, scale), rotations: sized(10, scale) })
}

function outbox({ scale }: BarOptions): Promise<Outcome> {
  return proveOutbox(sized(10_000, scale))
}

function signatures({ seed, scale }: BarOptions): Promise<Outcome> {
  return proveSignatures(sized(10_000, scale), seed)
}

function loops({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveLoop(binary, sized(100, scale))
}

function outboxKills({ binary, seed, scale }: BarOptions): Promise<Outcome> {
  return proveOutboxKills({ binary, seed, rounds: sized(50, scale) })
}

function latency({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveLatency({ binary, eventsPerSecond: 20, seconds: sized(30, scale) })
}
