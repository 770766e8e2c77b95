import { seeded, type Random } from './random.ts'

// Clients that write through both dialects and remember what they were told. Each write carries a
// marker that is its Idempotency-Key and stands in its text, so that it can be found again in an
// answer, in a row and in a page of the log.

export type Dialect = 'keva' | 'deskhive'
export type Kind = 'customer' | 'ticket' | 'message' | 'status'

/** A ticket as its writer knows it: by the id and the status of its dialect. */
export type Ticket = {
  readonly marker: string
  readonly dialect: Dialect
  readonly id: string
  readonly email: string
  readonly opening: string
  status: string
  /** How many changes of status were acknowledged. */
  changes: number
}

export type Write = {
  readonly marker: string
  readonly dialect: Dialect
  readonly kind: Kind
  readonly method: 'POST' | 'PATCH' | 'PUT'
  readonly path: string
  readonly body: Readonly<Record<string, string | number>>
  /** The ticket that a message or status is about. */
  readonly ticket?: Ticket
  /** The customer's address, of a customer or a ticket. */
  readonly email?: string
}

/** What came back for a write. */
export type Answer = {
  readonly status: number
  readonly id: string
  readonly isReplay: boolean
  readonly text: string
}

export type Writer = {
  readonly name: string
  readonly dialect: Dialect
  readonly random: Random
  readonly tickets: Ticket[]
  readonly acknowledged: Acknowledged[]
  /** Sent, and died before its answer came; it is sent again, under the same key. */
  unanswered: Write | undefined
  made: number
  customer: { readonly id: number; readonly email: string; left: number } | undefined
}

export type Acknowledged = { readonly write: Write; readonly answer: Answer }

/** The text of every marker. */
export const markers = /m\d{2}x\d{6}z/g

const ticketsPerCustomer = 4
const turns: Readonly<Record<Dialect, Readonly<Record<string, string>>>> = {
  keva: { open: 'pending', pending: 'solved', solved: 'closed', closed: 'open' },
  deskhive: { open: 'in_progress', in_progress: 'on_hold', on_hold: 'closed', closed: 'open' },
}

/** Writers that take turns at the dialects, the first one speaking Keva. */
export function makeWriters(count: number, seed: number): Writer[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `m${String(at).padStart(2, '0')}`,
    dialect: at % 2 === 0 ? 'keva' : 'deskhive',
    random: seeded(seed * 1000 + at),
    tickets: [],
    acknowledged: [],
    unanswered: undefined,
    made: 0,
    customer: undefined,
  }))
}

/** The next write of a writer: what had no answer first, under its old key. */
export function nextWrite(writer: Writer): Write {
  if (writer.unanswered) return writer.unanswered
  writer.made++
  const marker = `${writer.name}x${String(writer.made).padStart(6, '0')}z`
  if (writer.dialect === 'deskhive' && !writer.customer?.left) return customer(marker)
  const choice = writer.random.next()
  const ticket = writer.tickets[writer.random.between(0, writer.tickets.length - 1)]
  if (!ticket || choice < 0.4) return opening(writer, marker)
  return choice < 0.75 ? message(writer, marker, ticket) : status(marker, ticket)
}

/** Takes down that a write succeeded. */
export function settle(writer: Writer, write: Write, answer: Answer): void {
  writer.unanswered = undefined
  writer.acknowledged.push({ write, answer })
  const { marker, dialect, email = '' } = write
  if (write.kind === 'customer') {
    writer.customer = { id: Number(answer.id), email, left: ticketsPerCustomer }
  } else if (write.kind === 'ticket') {
    const text = String(write.body['body'] ?? write.body['content'])
    const known = { marker, dialect, id: answer.id, email, opening: text }
    writer.tickets.push({ ...known, status: 'open', changes: 0 })
    if (writer.customer) writer.customer.left--
  } else if (write.kind === 'status' && write.ticket) {
    write.ticket.status = String(write.body['status'])
    write.ticket.changes++
  }
}

function customer(marker: string): Write {
  const email = `${marker}@example.com`
  const path = '/api/v1/internal/customers'
  const body = { name: `Customer ${marker}`, email }
  return { marker, dialect: 'deskhive', kind: 'customer', method: 'POST', path, body, email }
}

function opening({ random, customer: known, dialect, name }: Writer, marker: string): Write {
  const text = textFor(marker, random)
  const subject = `Ticket ${marker}`
  if (dialect === 'keva') {
    const email = random.chance(0.5) ? `${marker}@example.com` : `${name}@example.com`
    const body = { subject, customerEmail: email, body: text }
    return { marker, dialect, kind: 'ticket', method: 'POST', path: '/api/v1/tickets', body, email }
  }
  const body = { customer_id: known?.id ?? 0, title: subject, content: text }
  const path = '/api/v1/internal/tickets'
  return { marker, dialect, kind: 'ticket', method: 'POST', path, body, email: known?.email ?? '' }
}

function message({ random }: Writer, marker: string, ticket: Ticket): Write {
  const text = textFor(marker, random)
  const body: Write['body'] = ticket.dialect === 'keva' ? { body: text } : { content: text }
  const path = `${pathOf(ticket)}/messages`
  return { marker, dialect: ticket.dialect, kind: 'message', method: 'POST', path, body, ticket }
}

function status(marker: string, ticket: Ticket): Write {
  const { dialect } = ticket
  const method = dialect === 'keva' ? 'PATCH' : 'PUT'
  const body = { status: turns[dialect][ticket.status] ?? 'open' }
  return { marker, dialect, kind: 'status', method, path: pathOf(ticket), body, ticket }
}

/** Where a ticket lives in the dialect that made it. */
export function pathOf({ dialect, id }: Ticket): string {
  return dialect === 'keva' ? `/api/v1/tickets/${id}` : `/api/v1/internal/tickets/${id}`
}

/** Mostly short; one in six spreads over several pages of the file. */
function textFor(marker: string, random: Random): string {
  const words = random.chance(1 / 6) ? random.between(300, 900) : random.between(1, 30)
  return `${marker} said ${'kiln dial '.repeat(words)}`.trim()
}
