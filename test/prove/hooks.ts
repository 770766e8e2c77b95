// What the bars of webhooks have in common: a server that may call this machine, endpoints and events
// through its API, and a receiver that remembers what came.

import { start, type Server } from './server.ts'

export type HookSettings = {
  readonly timeoutSeconds: number
  readonly scheduleSeconds: readonly number[]
}

/** Starts a server whose webhooks may call this machine. */
export function startHooked(
  { binary, data }: { readonly binary: string; readonly data: string },
  { timeoutSeconds, scheduleSeconds }: HookSettings,
): Promise<Server> {
  const env = {
    DESKBOX_WEBHOOKS_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
    DESKBOX_WEBHOOKS_TIMEOUT_SECONDS: String(timeoutSeconds),
    DESKBOX_WEBHOOKS_SCHEDULE_SECONDS: scheduleSeconds.join(),
  }
  return start({ binary, data, env })
}

async function post(server: Server, path: string, body: object): Promise<{ id: string }> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${server.keys.keva}`,
      'Content-Type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`)
  return (JSON.parse(text) as { data: { id: string } }).data
}

/** The one type that these endpoints are told of: a ticket is one event for each. */
const type = 'ticket.created'

export function addEndpoint(server: Server, url: string): Promise<{ id: string }> {
  return post(server, '/api/v1/webhooks', { url, events: [type] })
}

let tickets = 0

/** Opens a ticket, and gives its id. */
export async function openTicket(server: Server): Promise<string> {
  const subject = `Hook ${++tickets}`
  const body = { subject, customerEmail: 'mara@northwind.test', body: `${subject}: it is cold.` }
  return (await post(server, '/api/v1/tickets', body)).id
}

/** Opens so many tickets, some at a time. */
export async function openTickets(server: Server, count: number, atOnce = 16): Promise<void> {
  let left = count
  const one = async () => {
    while (left-- > 0) await openTicket(server)
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

/** Waits until it holds; false when it does not in time. */
export async function until(
  holds: () => boolean,
  patienceMs: number,
  everyMs = 5,
): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > deadline) return false
    await Bun.sleep(everyMs)
  }
  return true
}

/** The share of the sorted values below it. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
