// Everything that runs during the benchmark: the data folders, the servers on them, the helpers.

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startServer, type Server } from '../test/support/binary.ts'
import type { BareAsk, BareReply } from './bare.ts'
import type { FloorReply } from './floor.ts'
import { startHelper, type Helper } from './helpers.ts'
import type { Outcome, Plan } from './load.ts'
import { reads, requestsOf } from './reads.ts'
import type { Seeded } from './seed.ts'

export type Options = {
  readonly binary: string
  readonly seconds: number
  readonly rounds: number
  readonly tickets: readonly [small: number, large: number]
  /** Of the desk whose reports are read; 0 leaves them out. */
  readonly reportTickets: number
}

/** Deskbox on a folder of its own. */
export type Desk = { readonly server: Server; readonly seeded: Seeded; readonly tickets: number }

export type Field = {
  readonly small: Desk
  readonly large: Desk
  /** A copy of the small one, which grows. */
  readonly written: Desk
  readonly bare: { readonly url: string; readonly pid: number }
  readonly floor: Helper<number, FloorReply>
  readonly load: Helper<Plan, Outcome>
  /** A folder that has been in use, and one that is made anew each time. */
  readonly used: string
  readonly fresh: string
  /** An empty one for the desk whose reports are read. */
  readonly reports: string
  /** The same for what is delivered. */
  readonly hooks: string
  readonly idleMb: number
  readonly seedSeconds: number
} & AsyncDisposable

// On the project's own disk: a temp folder may be memory, where a commit costs nothing.
const root = resolve(import.meta.dir, '../node_modules/.cache/deskbox', `bench-${process.pid}`)

const raised = `[limits]
keva_per_minute = 1000000
support_desk_per_minute = 1000000
`

export async function setUp(options: Options, idleMbOf: (pid: number) => number): Promise<Field> {
  const stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(root, { recursive: true, force: true }))
  try {
    return await start(stack, options, idleMbOf)
  } catch (err) {
    await stack.disposeAsync()
    throw err
  }
}

async function start(
  stack: AsyncDisposableStack,
  { binary, tickets }: Options,
  idleMbOf: (pid: number) => number,
): Promise<Field> {
  const began = performance.now()
  const small = await seed('small', tickets[0])
  const large = await seed('large', tickets[1])
  const seedSeconds = (performance.now() - began) / 1000
  for (const copy of ['written', 'bare', 'floor', 'used']) copyOf('small', copy)
  const serve = async (name: string, seeded: Seeded, count: number): Promise<Desk> => {
    const server = await startServer({ binary, cwd: folder(name) })
    stack.defer(() => server.kill())
    return { server, seeded, tickets: count }
  }
  const desk = await serve('small', small, tickets[0])
  await Bun.sleep(1500)
  const idleMb = idleMbOf(desk.server.pid)
  const bare = stack.use(startHelper<BareAsk, BareReply>('bare.ts', [dataOf('bare')]))
  const { url } = await bare.ask({ static: await bodiesOf(desk) })
  return {
    small: desk,
    large: await serve('large', large, tickets[1]),
    written: await serve('written', small, tickets[0]),
    bare: { url, pid: bare.pid },
    floor: stack.use(startHelper<number, FloorReply>('floor.ts', [dataOf('floor')])),
    load: stack.use(startHelper<Plan, Outcome>('load.ts')),
    used: folder('used'),
    fresh: folder('fresh'),
    reports: makeFolder('reports'),
    hooks: makeFolder('hooks'),
    idleMb,
    seedSeconds,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

function folder(name: string): string {
  return join(root, name)
}

/** A folder with the settings of the benchmark. */
function makeFolder(name: string): string {
  mkdirSync(folder(name), { recursive: true })
  writeFileSync(join(folder(name), 'deskbox.toml'), raised)
  return folder(name)
}

function dataOf(name: string): string {
  return join(folder(name), 'data')
}

async function seed(name: string, count: number): Promise<Seeded> {
  makeFolder(name)
  using helper = startHelper<number, Seeded>('seed.ts', [dataOf(name)])
  return await helper.ask(count)
}

function copyOf(from: string, to: string): void {
  cpSync(folder(from), folder(to), { recursive: true })
}

/** What Deskbox answers to each read, for a server that has it ready. */
async function bodiesOf({ server, seeded }: Desk): Promise<BareAsk['static']> {
  const bodies: { [name: string]: string } = {}
  for (const { name } of reads) {
    const [request = ''] = requestsOf(name, seeded)
    const [first = '', , ...headers] = request.trimEnd().split('\r\n')
    const response = await fetch(`${server.url}${first.split(' ')[1]}`, {
      headers: headers.map((line) => line.split(': ') as [string, string]),
    })
    if (!response.ok) throw new Error(`${first} answered ${response.status}`)
    bodies[name] = await response.text()
  }
  return bodies
}
