// The bare servers to compare with: `bun bench/bare.ts DIR`, asked once to listen. A path is the
// name of what it answers. /static/… sends what Deskbox sends, made beforehand. The others run the
// very statements that Deskbox runs for that call, by the store's functions, and send JSON.stringify
// of the rows as they come: no key, no limit, no routing, no snapshot, no presenter.

import { join } from 'node:path'
import { agentsOfTickets } from '../src/store/agents.ts'
import { customValuesOfTickets } from '../src/store/customvalues.ts'
import { Connection } from '../src/store/connection.ts'
import { labelsOfTickets } from '../src/store/labels.ts'
import { Queries } from '../src/store/queries.ts'
import { ticketDetails, ticketSummaries } from '../src/store/ticketlists.ts'
import { ticketDetailById, ticketRow, ticketSummaryByUid } from '../src/store/tickets.ts'
import { answerParent } from './helpers.ts'

export type BareAsk = { readonly static: { readonly [name: string]: string } }
export type BareReply = { readonly url: string }

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: bun bench/bare.ts DIR')
const q = new Queries(new Connection(join(directory, 'deskbox.db'), undefined))
const firstPage = { limit: 20, offset: 0 }

const statements: { readonly [name: string]: (argument: string) => object } = {
  'keva-get': (uid) => {
    const ticket = ticketSummaryByUid(q, uid)
    return { ticket, labels: labelsOfTickets(q, [ticket?.id ?? 0]) }
  },
  'keva-list': () => {
    const { rows, total } = ticketSummaries(q, {}, firstPage)
    return { rows, total, labels: labelsOfTickets(q, idsOf(rows)) }
  },
  'deskhive-get': (text) => {
    const id = ticketRow(q, Number(text))?.id ?? 0
    return { ticket: ticketDetailById(q, id), ...linksOf([id]) }
  },
  'deskhive-list': () => {
    const { rows, total } = ticketDetails(q, {}, firstPage)
    return { rows, total, ...linksOf(idsOf(rows)) }
  },
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map((row) => row.id)
}

function linksOf(ids: readonly number[]) {
  return {
    labels: labelsOfTickets(q, ids),
    agents: agentsOfTickets(q, ids),
    customValues: customValuesOfTickets(q, ids),
  }
}

const headers = { 'Content-Type': 'application/json' }

function answer(url: string, bodies: BareAsk['static']): Response {
  const [name = '', argument = ''] = url.slice(url.indexOf('/', 7) + 1).split('/')
  if (name === 'static') return new Response(bodies[argument], { headers })
  const run = statements[name]
  return run
    ? new Response(JSON.stringify(run(argument)), { headers })
    : new Response('', { status: 404 })
}

answerParent((ask: BareAsk): Promise<BareReply> => {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    development: false,
    fetch: (request) => answer(request.url, ask.static),
  })
  return Promise.resolve({ url: `http://127.0.0.1:${server.port}` })
})
