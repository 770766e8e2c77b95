import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import {
  cannedResponses,
  categories,
  customFields,
  departments,
  knowledgeCategories,
  labels,
  products,
} from '../../src/domain/catalog.ts'
import { createApproval } from '../../src/domain/approvals.ts'
import { createArticle } from '../../src/domain/articles.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createKey } from '../../src/domain/keys.ts'
import { toggleLike } from '../../src/domain/likes.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { createStaff, listStaff } from '../../src/domain/staff.ts'
import { triggerWorkflow } from '../../src/domain/executions.ts'
import { updateTicket } from '../../src/domain/tickets.ts'
import { updateWorkflow } from '../../src/domain/workflows.ts'
import { versionsKept } from '../../src/domain/workflowversions.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { hourMs } from '../../src/lib/time.ts'
import { openTestApp, staff, type TestApp } from '../support/harness.ts'
import { agentTicket, manyTickets } from '../support/seed.ts'
import { call } from '../support/send.ts'
import { webhook } from '../support/webhooks.ts'
import { makeWorkflow, namedWorkflow } from '../support/workflowseed.ts'
import { lineOf, servedRows, type Served } from './writes.ts'

// A list costs as many statements with many rows as with few: nothing is asked of the database row by
// row.

/** Sees to it that the list has so many rows at least, each with all that hangs on one. */
type Seed = (app: TestApp, count: number) => Promise<void>

/** Does the same so many times, in one transaction. */
const each =
  (make: (tx: Tx, n: number) => unknown): Seed =>
  (app, count) =>
    app.write((tx) => {
      for (let n = 1; n <= count; n++) make(tx, n)
    })

/** Tickets of Tomas with labels, a department, a category, a product and a value, all about a `kiln`. */
const tickets: Seed = async (app, count) => {
  await manyTickets(app, count)
  await app.write((tx) => {
    const { id: label } = labels.create(tx, { name: 'Late', color: '#abc' })
    const { id: departmentId } = departments.create(tx, { name: 'Repairs' })
    const { id: categoryId } = categories.create(tx, { name: 'Firmware' })
    const { id: productId } = products.create(tx, { name: 'Kiln' })
    customFields.create(tx, { label: 'Serial', type: 'text' })
    const common = { departmentId, categoryId, productId, labelIds: [label] }
    for (let id = 1; id <= count; id++) updateTicket(tx, id, { ...common, assignedTo: staff.tomas })
  })
  app.sql(`INSERT INTO ticket_custom_values SELECT id, 1, 'E-200' FROM tickets;
    UPDATE messages SET body = 'The kiln is cold.'`)
}

/** Answers to ticket 1, from all sides, each with a like. */
const messages: Seed = async (app, count) => {
  await agentTicket(app)
  const actor = { ...systemActor, staffId: staff.tomas }
  await app.desk.write(actor, (tx) => {
    for (let n = 1; n <= count; n++) {
      const direction = n % 3 === 0 ? 'inbound' : 'outbound'
      const { id } = postMessage(tx, 1, { body: 'Hi', isInternal: n % 3 === 1, direction })
      toggleLike(tx, 1, id, staff.tomas)
    }
  })
}

const customers = each((tx, n) => upsertCustomer(tx, `c${n}@x.test`, `Customer ${n}`))

const keys = each((tx, n) =>
  createKey(tx, {
    kind: 'external',
    name: `Key ${n}`,
    scopes: null,
    isSpecial: false,
    ownerId: staff.admin,
    agentId: staff.tomas,
    expiresAt: null,
  }),
)

/** Agents, all of them members of one department. */
const agents: Seed = async (app, count) => {
  await app.write((tx) => {
    departments.create(tx, { name: 'Repairs' })
    for (let n = 1; n <= count; n++) {
      createStaff(tx, { role: 'agent', name: `Agent ${n}`, email: `agent${n}@x.test` })
    }
  })
  app.sql("INSERT INTO department_agents SELECT 1, id FROM staff WHERE role = 'agent'")
}

/** Articles of the installed user, all of them in one category, that all match `kiln`. */
const articles: Seed = (app, count) =>
  app.desk.write({ ...systemActor, staffId: staff.admin }, (tx) => {
    const { id: categoryId } = knowledgeCategories.create(tx, { name: 'Firing' })
    for (let n = 1; n <= count; n++) createArticle(tx, { title: `Kiln ${n}`, categoryId })
  })

/** Proposed replies, each to a ticket of its own. */
const approvals: Seed = async (app, count) => {
  await manyTickets(app, count)
  await app.write((tx) => {
    for (let ticketId = 1; ticketId <= count; ticketId++) {
      createApproval(tx, { actionType: 'send_reply', ticketId, draft: 'Hi', lifeMs: hourMs })
    }
  })
}

/** Webhooks that are told nothing. */
const webhooks: Seed = async (app, count) => {
  for (let n = 1; n <= count; n++) await webhook(app, { events: ['note.created'] })
}

/** Deliveries to webhook 1, each with attempts. */
const deliveries: Seed = async (app, count) => {
  await webhook(app)
  await each((tx, n) => upsertCustomer(tx, `c${n}@x.test`, `Customer ${n}`))(app, count)
  app.sql(`INSERT INTO delivery_attempts (delivery_id, number, duration_ms, created_at)
    SELECT id, 1, 40, created_at FROM deliveries UNION ALL SELECT id, 2, 40, created_at FROM deliveries`)
}

/** Runs of workflow 1, each of a ticket of its own. */
const executions: Seed = async (app, count) => {
  await manyTickets(app, count)
  await namedWorkflow({ isActive: true })(app)
  await each((tx, n) => triggerWorkflow(tx, 1, { ticketId: n, data: {} }))(app, count)
}

/** Versions of workflow 1, saved by the installed user. */
const versions: Seed = async (app, count) => {
  await namedWorkflow({})(app)
  await app.desk.write({ ...systemActor, staffId: staff.admin }, (tx) => {
    for (let n = 1; n <= count; n++) updateWorkflow(tx, 1, { graph: { n } }, '')
  })
}

const workflows = each((tx, n) => makeWorkflow(tx, { name: `No. ${n}` }))

const internal = 'GET /api/v1/internal'
const external = 'GET /api/v1/external'
const search = `${external}/knowledge-base/search`

const seeds: { readonly [row: string]: Seed } = {
  'GET /api/v1/tickets': tickets,
  'GET /api/v1/tickets/:id/messages': messages,
  'GET /api/v1/approvals': approvals,
  'GET /api/v1/kb': articles,
  'GET /api/v1/customers': customers,
  'GET /api/approvals': approvals,
  'GET /api/kb': articles,
  'GET /api/customers': customers,
  'GET /api/v1/webhooks': webhooks,
  'GET /api/v1/webhooks/:id/deliveries': deliveries,
  [`${internal}/webhooks`]: webhooks,
  [`${internal}/webhooks/:id/deliveries`]: deliveries,
  'GET /api/v1/events': tickets,
  'GET /api/workflows': workflows,
  'GET /api/workflows/:id/executions': executions,
  'GET /api/workflows/:id/versions': versions,
  'GET /api/v1/workflows': workflows,
  'GET /api/v1/workflows/:id/executions': executions,
  'GET /api/v1/workflows/:id/versions': versions,
  [`${internal}/workflows`]: workflows,
  [`${internal}/workflows/:id/executions`]: executions,
  [`${internal}/workflows/:id/versions`]: versions,
  [`${internal}/tickets`]: tickets,
  [`${internal}/tickets/:id/messages`]: messages,
  [`${internal}/departments`]: each((tx, n) => departments.create(tx, { name: `No. ${n}` })),
  [`${internal}/categories`]: each((tx, n) =>
    categories.create(tx, { name: `No. ${n}`, parentId: n === 1 ? null : n - 1 }),
  ),
  [`${internal}/labels`]: each((tx, n) => labels.create(tx, { name: `No. ${n}`, color: '#abc' })),
  [`${internal}/products`]: each((tx, n) => products.create(tx, { name: `No. ${n}` })),
  [`${internal}/customers`]: customers,
  [`${internal}/agents`]: agents,
  [`${internal}/events`]: tickets,
  [`${internal}/canned-responses`]: each((tx, n) =>
    cannedResponses.create(tx, { title: `No. ${n}` }),
  ),
  [`${internal}/custom-fields`]: each((tx, n) =>
    customFields.create(tx, { label: `No. ${n}`, type: 'text' }),
  ),
  [`${internal}/knowledge-categories`]: each((tx, n) =>
    knowledgeCategories.create(tx, { name: `No. ${n}` }),
  ),
  [`${internal}/knowledge-articles`]: articles,
  [`${internal}/api-keys`]: keys,
  [`${internal}/activity-logs`]: tickets,
  [`${internal}/reports/overview`]: tickets,
  [`${internal}/reports/agents`]: agents,
  [`${internal}/reports/departments`]: each((tx, n) =>
    departments.create(tx, { name: `No. ${n}` }),
  ),
  [`${external}/tickets`]: tickets,
  [`${external}/tickets/:id/messages`]: messages,
  [search]: articles,
  [`${external}/notifications`]: tickets,
  [`${external}/canned-responses`]: each((tx, n) =>
    cannedResponses.create(tx, { title: `No. ${n}` }),
  ),
}

function seedOf({ name }: Served): Seed {
  const seed = seeds[name]
  if (!seed) throw new Error(`No test knows how to fill the list of ${name}`)
  return seed
}

// One record, whose graph and steps are as long as it is; and the few workflows that come with the program.
const records = ['/workflows/:id', '/:executionId', '/:version', '/workflows/templates']

/** Whether the answer of a row is a list, or has lists in it that are as long as a table. */
function isList({ endpoint, name }: Served): boolean {
  if (endpoint.method !== 'GET' || records.some((path) => endpoint.path.endsWith(path)))
    return false
  const { shape } = endpoint.answer
  const parts: unknown[] = shape instanceof z.ZodObject ? Object.values(shape.shape) : [shape]
  return parts.some(hasRecords) || name.includes('/reports/')
}

/** Whether it is a list of records, and not one of words, as a record itself may have. */
function hasRecords(shape: unknown): boolean {
  return shape instanceof z.ZodArray && !(shape.element instanceof z.ZodString)
}

const lists = servedRows.filter(isList)

const few = 15
const many = 200

/** A search reads the tickets of an agent whole while they are few, and asks the index when they are not. */
function fewOf({ name }: Served): number {
  return name === `${external}/tickets` ? 120 : few
}

/** The most rows that a page of the row has. */
function pageMost({ name, dialect }: Served): number {
  if (name === search) return 20
  if (name === 'GET /api/kb') return 50
  if (name.endsWith('/versions')) return versionsKept
  if (name === 'GET /api/approvals' || name === 'GET /api/workflows') return many
  return dialect === 'keva' ? 100 : many
}

type Cost = { readonly statements: number; readonly shown: number }

/** What the second of two like requests costs; the first fills what is remembered. */
async function costOf(row: Served, count: number, query = ''): Promise<Cost> {
  using app = await openTestApp({ countsStatements: true })
  await seedOf(row)(app, count)
  const line = `${lineOf(row)}?per_page=${many}&limit=${many}&q=kiln${query}`
  await call(app, line, { key: row.key })
  const before = app.statements()
  const { status, body } = await call(app, line, { key: row.key })
  expect([row.name, status]).toEqual([row.name, 200])
  return { statements: app.statements() - before, shown: rowsIn(body) }
}

type Lists = {
  readonly data?: unknown[] | { readonly [key: string]: unknown }
  readonly entries?: unknown[]
  readonly customers?: unknown[]
  readonly workflows?: unknown[]
  readonly executions?: unknown[]
  readonly versions?: unknown[]
}

/** The rows of a list; of a report, those of the longest list in it, or of its tickets. */
function rowsIn(body: unknown): number {
  if (Array.isArray(body)) return body.length
  const lists = body as Lists
  const bare = lists.entries ?? lists.customers ?? lists.workflows ?? lists.executions
  const rows = lists.data ?? bare ?? lists.versions ?? []
  if (Array.isArray(rows)) return rows.length
  const lengths = Object.values(rows).map((part) => (Array.isArray(part) ? part.length : 0))
  return Math.max(Number(rows['total_tickets'] ?? 0), ...lengths)
}

describe('a list asks the database as often for many rows as for few', () => {
  test.each(lists.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    const short = await costOf(row, fewOf(row))
    const long = await costOf(row, many)
    expect(short.shown).toBeGreaterThanOrEqual(few)
    expect(long.shown).toBeGreaterThanOrEqual(pageMost(row))
    expect(long.statements).toBe(short.statements)
    // A snapshot begins and ends, and something is read in between.
    expect(short.statements).toBeGreaterThan(2)
  })

  const entries = lists.filter(({ name }) => name.endsWith('/kb'))

  test.each(entries.map((row) => [row.name, row] as const))(
    '%s when it searches',
    async (_, row) => {
      const query = '&search=kiln&category=Firing'
      const short = await costOf(row, few, query)
      const long = await costOf(row, many, query)
      expect([short.shown, long.shown]).toEqual([few, pageMost(row)])
      expect(long.statements).toBe(short.statements)
    },
  )
})

test('every row that pages is among the lists, and every seed has its list', () => {
  const paged = servedRows.filter(
    ({ endpoint }) => endpoint.query && 'page' in endpoint.query.shape,
  )
  const names = new Set(lists.map(({ name }) => name))
  expect(paged.map(({ name }) => name).filter((name) => !names.has(name))).toEqual([])
  expect(Object.keys(seeds).toSorted()).toEqual([...names].toSorted())
})

test('the counter sees one statement more for each query more', async () => {
  using app = await openTestApp({ countsStatements: true })
  const costs = [0, 1, 5].map((queries) => {
    const before = app.statements()
    app.read((reader) => {
      for (let n = 0; n < queries; n++) listStaff(reader)
    })
    return app.statements() - before
  })
  expect(costs).toEqual([2, 3, 7])
})
