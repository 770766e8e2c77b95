import SQLite from 'better-sqlite3'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { factsOf, type Facts } from '../../src/store/facts.ts'
import { faultsOf, missing, rowsOf, subjectOf, type Informed, type Rows } from './inspect.ts'
import { runVerb } from './verbs.ts'
import type { Acknowledged, Write } from './writers.ts'

/** A write that succeeded: when it was sent, and when its answer had come. */
export type Moment = Acknowledged & { readonly sentAt: number; readonly answeredAt: number }

export type Made = {
  readonly file: string
  readonly beganAt: number
  readonly endedAt: number
  /** What the verb has said of it, in JSON. */
  readonly told: string
  readonly failure?: string
}

type Place = { readonly binary: string; readonly folder: string; readonly data: string }

/**
 * Restores a backup and judges what comes out: whole, what its manifest says, a state that the desk had, with
 * every write that was acknowledged before the backup began and none that was sent after it had ended.
 */
export async function judgeBackup(
  { binary, folder, data }: Place,
  made: Made,
  moments: readonly Moment[],
): Promise<string[]> {
  const copy = join(folder, 'copy')
  const restored = await runVerb([binary, 'restore', made.file, '--data', copy, '--json'])
  if (restored.code !== 0) return [`does not restore: ${restored.err}`]
  const client = new SQLite(join(copy, 'deskbox.db'))
  try {
    // The events are looked through by ticket, for which the desk itself has no use.
    client.exec('CREATE INDEX judged ON events (ticket_id, type)')
    const rows = rowsOf(client)
    return [
      ...unlikeTold(factsOf(client), made.told, restored.out),
      ...faultsOf(client),
      ...neverWas(client, join(data, 'deskbox.db')),
      ...missing([informed(moments.filter((one) => one.answeredAt < made.beganAt))], rows),
      ...tooLate(
        moments.filter(({ sentAt }) => sentAt > made.endedAt),
        rows,
      ),
    ]
  } finally {
    client.close()
    rmSync(copy, { recursive: true, force: true })
    rmSync(made.file)
  }
}

type Told = Pick<Facts, 'counts' | 'lastEvent'> & { readonly schema: string }

/** Where the database, the backup's own words and the restore's differ. */
function unlikeTold({ counts, lastEvent, steps }: Facts, ...texts: string[]): string[] {
  const found = { counts, lastEvent }
  return texts.flatMap((text, at) => {
    const told = JSON.parse(text) as Told
    const isTold =
      Bun.deepEquals({ counts: told.counts, lastEvent: told.lastEvent }, found) &&
      told.schema === steps.at(-1)
    return isTold ? [] : [`${at === 0 ? 'the manifest' : 'the restore'} tells of other counts`]
  })
}

/** The events of a backup are the first of the desk's own, and its rows are those that they tell of. */
function neverWas(client: SQLite.Database, desk: string): string[] {
  client.prepare('ATTACH ? AS desk').run(desk)
  const differ = client
    .prepare(
      `SELECT count(*) FROM main.events mine LEFT JOIN desk.events its USING (sequence)
       WHERE mine.uid IS NOT its.uid OR mine.body IS NOT its.body`,
    )
    .pluck()
    .get()
  const head = client.prepare('SELECT max(sequence) FROM main.events').pluck().get()
  const opened = client
    .prepare("SELECT count(*) FROM desk.events WHERE type = 'ticket.created' AND sequence <= ?")
    .pluck()
    .get(head)
  const tickets = client.prepare('SELECT count(*) FROM main.tickets').pluck().get()
  client.exec('DETACH desk')
  return [
    ...(differ === 0 ? [] : [`${String(differ)} events are not the desk's`]),
    ...(opened === tickets
      ? []
      : [`${String(tickets)} tickets, and ${String(opened)} were opened`]),
  ]
}

/** One client that has had all these answers. The last status of a ticket is not asked for. */
function informed(acknowledged: Moment[]): Informed {
  return { acknowledged, tickets: [], unanswered: undefined }
}

function tooLate(moments: readonly Moment[], rows: Rows): string[] {
  const isThere = ({ kind, marker, email = '', body }: Write) => {
    if (kind === 'ticket') return rows.tickets.has(subjectOf(marker))
    if (kind === 'customer') return rows.customers.has(email)
    return kind === 'message' && rows.messages.has(String(body['body'] ?? body['content']))
  }
  const late = moments.filter(({ write }) => isThere(write))
  return late.slice(0, 3).map(({ write }) => `${write.kind} ${write.marker} was sent afterwards`)
}
