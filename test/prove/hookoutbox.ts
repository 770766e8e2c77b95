import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTicket, startHooked } from './hooks.ts'
import { faultsOf, inspect } from './inspect.ts'
import { seeded } from './random.ts'
import { workFolder } from './shim.ts'

type Options = { readonly binary: string; readonly rounds: number; readonly seed: number }

const endpoints = 2
const clients = 8
const killAfterMs = { least: 20, most: 250 }
const settings = { timeoutSeconds: 5, scheduleSeconds: [600] }

/**
 * A server that is killed while tickets are opened: what is in its file has its event and its deliveries, and
 * those have it; what was acknowledged is there (J3).
 */
export async function proveOutboxKills({ binary, rounds, seed }: Options): Promise<CheckResult> {
  const random = seeded(seed)
  const problems: string[] = []
  const sum = { acknowledged: 0, tickets: 0 }
  for (let round = 0; round < rounds; round++) {
    const folder = workFolder('outboxkill')
    const data = join(folder, 'data')
    try {
      using server = await startHooked({ binary, data }, settings)
      for (let n = 0; n < endpoints; n++)
        await addEndpoint(server, `http://127.0.0.1:${nobody()}/${n}`)
      const acknowledged: string[] = []
      const open = async () => {
        for (;;) acknowledged.push(await openTicket(server))
      }
      const opening = Array.from({ length: clients }, () => open().catch(() => {}))
      await Bun.sleep(random.between(killAfterMs.least, killAfterMs.most))
      await server.end('SIGKILL')
      await Promise.all(opening)
      const left = leftIn(data)
      problems.push(...left.problems)
      const lost = acknowledged.filter((id) => !left.tickets.has(id))
      if (lost.length > 0) problems.push(`${lost.length} acknowledged tickets are not there`)
      sum.acknowledged += acknowledged.length
      sum.tickets += left.tickets.size
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  if (sum.acknowledged === 0) problems.push('nothing was acknowledged before the kills')
  const figure = `${rounds} kills, ${sum.tickets} tickets, ${sum.acknowledged} acknowledged`
  return { figure, problems }
}

/** A port that nobody listens at. */
function nobody(): number {
  const closed = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  closed.stop(true)
  return closed.port
}

function leftIn(data: string): { tickets: ReadonlySet<string>; problems: string[] } {
  return inspect(data, (db) => {
    const count = (sql: string) => Number(db.prepare(sql).pluck().get())
    const uids = db.prepare<[], string>('SELECT uid FROM tickets').pluck().all()
    const events = count("SELECT count(*) FROM events WHERE type = 'ticket.created'")
    const told = count(
      `SELECT count(*) FROM deliveries d
       JOIN events e ON e.sequence = d.event_sequence AND e.uid = d.event_uid AND e.type = d.event_type
       JOIN tickets t ON t.id = d.ticket_id`,
    )
    const deliveries = count('SELECT count(*) FROM deliveries')
    const wanted = endpoints * uids.length
    const problems = [
      ...faultsOf(db),
      ...(events === uids.length ? [] : [`${events} events of ${uids.length} tickets`]),
      ...(deliveries === wanted && told === wanted
        ? []
        : [`${deliveries} deliveries, ${told} of events, of ${uids.length} tickets`]),
    ]
    return { tickets: new Set(uids.map((uid) => `tkt_${uid}`)), problems }
  })
}
