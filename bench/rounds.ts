import type { Creations, Outcome, Plan } from './load.ts'
import { cpuMs } from './process.ts'
import {
  bareRequests,
  kevaTickets,
  listRequests,
  longReads,
  reads,
  requestsOf,
  searches,
  searchRequests,
  staticRequests,
  type Search,
} from './reads.ts'
import { Samples } from './samples.ts'
import type { Field, Options } from './servers.ts'

export type Measured = {
  readonly samples: Samples
  /** The most of a core that the load generator took. */
  readonly generatorShare: number
}

const readers = 32
const writers = 64
const readsPerCreation = 9
const warmupShare = 0.2

type Step = () => Promise<void>

/** Runs every measure once in each round; every other round goes in reverse. */
export async function runRounds(
  field: Field,
  { seconds, rounds }: Options,
  progress: (text: string) => void,
): Promise<Measured> {
  const bench = new Bench(field)
  const steps = stepsOf(field, bench)
  for (let round = 0; round <= rounds; round++) {
    bench.begin(round === 0 ? seconds / 2 : seconds)
    progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`)
    for (const step of round % 2 === 0 ? steps : steps.toReversed()) await step()
    // The compilers of the servers work through the first calls; those count for nothing.
    if (round === 0) bench.forget()
  }
  return bench
}

class Bench implements Measured {
  samples = new Samples()
  generatorShare = 0
  readonly #field: Field
  #seconds = 0

  constructor(field: Field) {
    this.#field = field
  }

  begin(seconds: number): void {
    this.#seconds = seconds
  }

  forget(): void {
    this.samples = new Samples()
    this.generatorShare = 0
  }

  /** Loads a server and keeps what came of it. */
  async load(
    name: string,
    { url, pid }: { readonly url: string; readonly pid: number },
    what: Pick<Plan, 'reads' | 'connections' | 'creations'>,
  ): Promise<void> {
    const seconds = this.#seconds
    const before = cpuMs(pid)
    const plan = { url, warmupSeconds: seconds * warmupShare, seconds, ...what }
    const outcome = await this.#field.load.ask(plan)
    const cpuUs = ((cpuMs(pid) - before) * 1000) / outcome.answers
    refuseWrong(name, outcome)
    const { perSecond, p50Ms, p99Ms, coreShare } = outcome
    this.generatorShare = Math.max(this.generatorShare, coreShare)
    this.samples.add(name, { perSecond, p50Ms, p99Ms, cpuUs })
  }

  /** Has the bare loop write. */
  async floor(name: string): Promise<void> {
    const { floor } = this.#field
    const seconds = this.#seconds
    const before = cpuMs(floor.pid)
    const { perSecond } = await floor.ask(seconds)
    const cpuUs = ((cpuMs(floor.pid) - before) * 1000) / (perSecond * seconds)
    this.samples.add(name, { perSecond, p50Ms: Number.NaN, p99Ms: Number.NaN, cpuUs })
  }
}

/** The figures of an ailing server mean nothing. */
function refuseWrong(name: string, { wrong }: Outcome): void {
  const [found] = Object.entries(wrong)
  if (found) throw new Error(`${name}: ${found[1]} answers had status ${found[0]}`)
}

function stepsOf(field: Field, bench: Bench): Step[] {
  const { small, large, bare } = field
  const read = (name: string, server: typeof bare, requests: string[]) => () =>
    bench.load(name, server, { connections: readers, reads: requests })
  return [
    ...reads.flatMap(({ name }) => [
      read(name, small.server, requestsOf(name, small.seeded)),
      read(`${name}-statements`, bare, bareRequests(name, small.seeded)),
      read(`${name}-static`, bare, staticRequests(name)),
      read(`${name}-large`, large.server, requestsOf(name, large.seeded)),
    ]),
    ...searches.flatMap((one) => searchSteps(field, bench, one)),
    ...longReads.map(({ name, path }) =>
      read(name, large.server, listRequests(path(large.tickets), large.seeded)),
    ),
    ...writeSteps(field, bench),
  ]
}

/** On both desks, and by one client alone, who waits for nothing but the search itself. */
function searchSteps({ small, large }: Field, bench: Bench, search: Search): Step[] {
  const step = (name: string, desk: typeof small, connections: number) => () =>
    bench.load(name, desk.server, { connections, reads: searchRequests(search, desk.seeded) })
  const { name, isCompared } = search
  return [
    ...(isCompared ? [step(name, small, readers)] : []),
    step(`${name}-large`, large, readers),
    step(`${name}-alone`, large, 1),
  ]
}

function writeSteps({ written, small }: Field, bench: Bench): Step[] {
  const { server, seeded } = written
  const create = (changes: Partial<Creations>): Creations => ({
    path: kevaTickets,
    keys: seeded.keva,
    isIdempotent: false,
    readsBetween: 0,
    ...changes,
  })
  const write = (name: string, creations: Creations) => () =>
    bench.load(name, server, { connections: writers, reads: [], creations })
  return [
    write('create', create({})),
    () => bench.floor('create-floor'),
    write('create-once', create({ isIdempotent: true })),
    () =>
      bench.load('mixed', server, {
        connections: readers,
        reads: requestsOf('keva-get', small.seeded),
        creations: create({ readsBetween: readsPerCreation }),
      }),
  ]
}
