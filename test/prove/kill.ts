import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { get, isSuccess, send, work } from './client.ts'
import { faultsOf, inspect, missing, rowsOf, subjectOf, type Rows } from './inspect.ts'
import { seeded, type Random } from './random.ts'
import { start, type Server } from './server.ts'
import { workFolder } from './shim.ts'
import { makeWriters, pathOf, settle, type Write, type Writer } from './writers.ts'

export type KillOptions = {
  readonly binary: string
  readonly rounds: number
  readonly clients: number
  readonly seed: number
  /** Told after every round how many are done. */
  readonly report?: (round: number) => void
}

export type KillResult = {
  readonly rounds: number
  readonly acknowledged: number
  /** Writes that the kill cut off, and how many of those turned out to be stored. */
  readonly cutOff: number
  readonly storedUnanswered: number
  readonly slowestStartMs: number
  readonly problems: string[]
}

/** One data folder and its clients, used for round after round until it is full. */
type Desk = {
  readonly folder: string
  readonly data: string
  readonly writers: readonly Writer[]
  /** What the last kill left in the file. */
  rows: Rows | undefined
}

type Tally = { -readonly [K in keyof KillResult]: KillResult[K] }

const writesPerFolder = 10_000
const killAfterMs = { low: 30, high: 400 }
const problemsMax = 20

/**
 * Kills a server with SIGKILL while clients write, and looks at what is left: in the file as the
 * kill left it, then through the server that is started on it, to which every client first sends
 * again, under the same key, what died without an answer.
 */
export async function killRounds(options: KillOptions): Promise<KillResult> {
  const { rounds, seed, report } = options
  const random = seeded(seed)
  const tally = newTally()
  let desk = openDesk(options, 0)
  try {
    for (let round = 1; round <= rounds && tally.problems.length < problemsMax; round++) {
      if (writesOf(desk) >= writesPerFolder) {
        await lastLook(options.binary, desk, { random, tally })
        closeDesk(desk)
        desk = openDesk(options, round)
      }
      await oneRound(options.binary, desk, { random, tally })
      tally.rounds = round
      report?.(round)
    }
    await lastLook(options.binary, desk, { random, tally })
    return tally
  } finally {
    closeDesk(desk)
  }
}

type Chance = { readonly random: Random; readonly tally: Tally }

async function oneRound(binary: string, desk: Desk, { random, tally }: Chance): Promise<void> {
  using server = await restart(binary, desk, tally)
  await checkServer(server, desk, { random, tally })
  const before = writesOf(desk)
  const refused: string[] = []
  const clients = desk.writers.map((writer) =>
    work(
      server,
      writer,
      () => false,
      (write, { status, text }) => {
        refused.push(`${write.kind} ${write.marker}: ${status} ${text.slice(0, 120)}`)
        return 'drop'
      },
    ),
  )
  await Bun.sleep(random.between(killAfterMs.low, killAfterMs.high))
  if (!server.isRunning()) tally.problems.push(`ended by itself: ${server.output().slice(-300)}`)
  await server.end('SIGKILL')
  await Promise.all(clients)
  tally.acknowledged += writesOf(desk) - before
  tally.problems.push(...refused.slice(0, 3), ...checkFile(desk, tally))
}

/** The file, recovered in a copy, before any server touches it again. */
function checkFile(desk: Desk, tally: Tally): string[] {
  return inspect(desk.data, (db) => {
    const rows = rowsOf(db)
    const unanswered = desk.writers.flatMap(({ unanswered: write }) => write ?? [])
    tally.cutOff += unanswered.length
    tally.storedUnanswered += unanswered.filter((write) => isStored(rows, write)).length
    desk.rows = rows
    return [...faultsOf(db), ...missing(desk.writers, rows)]
  })
}

/** Whether a write can be seen in the rows; a change of status cannot. */
function isStored(rows: Rows, { kind, marker, body, email = '' }: Write): boolean {
  if (kind === 'ticket') return rows.tickets.has(subjectOf(marker))
  if (kind === 'message') return rows.messages.has(String(body['body'] ?? body['content']))
  return kind === 'customer' && rows.customers.has(email)
}

async function restart(binary: string, { data }: Desk, tally: Tally): Promise<Server> {
  const began = performance.now()
  const server = await start({ binary, data })
  tally.slowestStartMs = Math.max(tally.slowestStartMs, performance.now() - began)
  return server
}

async function lastLook(binary: string, desk: Desk, { random, tally }: Chance): Promise<void> {
  using server = await restart(binary, desk, tally)
  await checkServer(server, desk, { random, tally })
  await server.end('SIGTERM')
}

/** Sends again what died without an answer, and reads some of the rest through the API. */
async function checkServer(server: Server, desk: Desk, { random, tally }: Chance): Promise<void> {
  for (const writer of desk.writers) {
    if (desk.rows) tally.problems.push(...(await sendAgain(server, writer, desk.rows)))
    tally.problems.push(...(await readBack(server, writer, random)))
  }
}

/** A key whose write is stored has to give the stored answer; any other, a first one. */
async function sendAgain(server: Server, writer: Writer, stored: Rows): Promise<string[]> {
  const { unanswered: write } = writer
  if (!write) return await replayLast(server, writer)
  const answer = await send(server, write)
  const what = `${write.kind} ${write.marker} sent again`
  if (!isSuccess(answer)) return [`${what}: ${answer.status} ${answer.text.slice(0, 120)}`]
  settle(writer, write, answer)
  if (write.kind === 'status' || isStored(stored, write) === answer.isReplay) return []
  return [`${what}: ${answer.isReplay ? 'replayed, but not stored' : 'stored, but not replayed'}`]
}

/** An acknowledged write sent again gives the same answer, word for word. */
async function replayLast(server: Server, { acknowledged }: Writer): Promise<string[]> {
  const last = acknowledged.at(-1)
  if (!last) return []
  const answer = await send(server, last.write)
  const what = `${last.write.kind} ${last.write.marker} replayed`
  if (!answer.isReplay) return [`${what}: ${answer.status}, not marked as a replay`]
  return answer.text === last.answer.text ? [] : [`${what}: another answer`]
}

async function readBack(server: Server, { tickets }: Writer, random: Random): Promise<string[]> {
  const ticket = random.chance(0.5)
    ? tickets.at(-1)
    : tickets[random.between(0, tickets.length - 1)]
  if (!ticket) return []
  const path = pathOf(ticket)
  const shown = await get(server, ticket.dialect, path)
  const messages = await get(server, ticket.dialect, `${path}/messages?per_page=100`)
  const what = `GET ${path}`
  if (shown.status !== 200) return [`${what}: ${shown.status}`]
  if (!shown.text.includes(subjectOf(ticket.marker))) return [`${what}: another subject`]
  if (messages.status !== 200) return [`${what}/messages: ${messages.status}`]
  // DeskHive shows the opening text on the ticket, Keva as the first message.
  const text = ticket.dialect === 'keva' ? messages.text : shown.text
  return text.includes(JSON.stringify(ticket.opening)) ? [] : [`${what}: another opening text`]
}

function newTally(): Tally {
  const nothing = { rounds: 0, acknowledged: 0, cutOff: 0, storedUnanswered: 0 }
  return { ...nothing, slowestStartMs: 0, problems: [] }
}

function openDesk({ clients, seed }: KillOptions, round: number): Desk {
  const folder = workFolder('kill')
  return {
    folder,
    data: join(folder, 'data'),
    writers: makeWriters(clients, seed + round),
    rows: undefined,
  }
}

function closeDesk({ folder }: Desk): void {
  rmSync(folder, { recursive: true, force: true })
}

function writesOf({ writers }: Desk): number {
  return writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
}
