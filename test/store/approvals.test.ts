import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  areApprovalsDue,
  createApproval,
  decideApproval,
  expireApprovals,
  listApprovals,
  type ApprovalStatus,
} from '../../src/domain/approvals.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createTicket, deleteTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import type { Window } from '../../src/lib/page.ts'
import { counter } from '../../src/store/meta.ts'
import { approvalStatuses } from '../../src/store/schema.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, T0, testDesk, type TestDesk } from './fixtures.ts'
import { traced } from './plans.ts'

const made = 300
const tickets = 40
const random = seeded(5)

let house: TestDesk
let models: { readonly id: number; readonly createdAt: number; readonly status: ApprovalStatus }[]

beforeAll(async () => {
  house = await testDesk()
  await house.desk.write(systemActor, (tx) => {
    const customer = upsertCustomer(tx, 'ada@example.com', undefined)
    for (let n = 0; n < tickets; n++) {
      createTicket(tx, { customer, subject: 'x', body: 'y', source: 'api' })
    }
    for (let n = 0; n < made; n++) propose(tx)
  })
  models = rows()
})
afterAll(() => house[Symbol.dispose]())

/** One that ends somehow. Many share their moment, and times go back, so that ids are not in order. */
function propose(tx: Tx): void {
  const now = T0 + random.between(0, 40) * 1000
  const approval = createApproval(
    { ...tx, now },
    {
      actionType: 'platform_action',
      ticketId: random.chance(0.8) ? random.between(1, tickets) : null,
      platform: 'stripe',
      actionId: 'create_refund',
      params: {},
      lifeMs: 60_000,
    },
  )
  const end = random.between(0, 3)
  if (end === 0) decideApproval({ ...tx, now }, approval.uid, { decision: 'approved' })
  if (end === 1) decideApproval({ ...tx, now }, approval.uid, { decision: 'rejected' })
  if (end === 2) expireApprovals({ ...tx, now: now + 60_000 }, 1)
}

function rows(): typeof models {
  return clientOf(house.store)
    .prepare<[], (typeof models)[number]>(
      'SELECT id, created_at AS createdAt, status FROM approvals ORDER BY created_at DESC, id DESC',
    )
    .all()
}

const page = (status: ApprovalStatus, window: Window) =>
  house.desk.read(systemActor, (reader) => listApprovals(reader, status, window))

describe.each(approvalStatuses.map((status) => [status] as const))('%s', (status) => {
  const wanted = () => models.filter((one) => one.status === status).map(({ id }) => id)

  test('order, pages and total are those of the model', () => {
    const ids = wanted()
    expect(ids.length).toBeGreaterThan(20)
    for (const offset of [0, 3, 15, ids.length - 3, ids.length, 100_000]) {
      const { rows: found, total } = page(status, { limit: 7, offset })
      expect([offset, total, found.map(({ id }) => id)]).toEqual([
        offset,
        ids.length,
        ids.slice(offset, offset + 7),
      ])
    }
  })

  test('read on from the last row it is the same list', () => {
    const ids: number[] = []
    for (let window: Window = { limit: 11, offset: 0 }; ids.length <= made;) {
      const { rows: found } = page(status, window)
      ids.push(...found.map(({ id }) => id))
      const last = found.at(-1)
      if (!last) break
      window = { limit: 11, after: { at: last.createdAt, id: last.id } }
    }
    expect(ids).toEqual(wanted())
  })
})

describe('what a list costs', () => {
  const deep = { limit: 20, after: { at: T0 + 20_000, id: 150 } }

  test.each([{ limit: 20, offset: 0 }, { limit: 20, offset: 60 }, deep])(
    'the ids of a page come from the index, in its order: %p',
    (window) => {
      const asked = traced(house.store, (reader) => listApprovals(reader, 'pending', window))
      const steps = asked.flatMap(({ plan }) => plan)
      expect(steps.filter((step) => /^SCAN (?!page)/.test(step))).toEqual([])
      // The page itself may be put in order at the very end.
      expect(steps.slice(0, -1).filter((step) => step.startsWith('USE TEMP'))).toEqual([])
      expect(steps.some((step) => step.includes('COVERING INDEX approvals_status'))).toBe(true)
      expect(asked.map(({ runs }) => runs)).toEqual([1, 1])
    },
  )

  test('what is due comes from the index of those pending', () => {
    const asked = traced(house.store, areApprovalsDue)
    const steps = asked.flatMap(({ plan }) => plan)
    expect(steps.filter((step) => step.includes('approvals'))).toEqual([
      'SEARCH approvals USING INDEX approvals_due (status=? AND expires_at<?)',
    ])
    expect(steps.filter((step) => step.startsWith('USE TEMP'))).toEqual([])
  })
})

function counted() {
  const all = rows()
  return approvalStatuses.map((status) => [
    status,
    all.filter((one) => one.status === status).length,
  ])
}

test('running counts equal a recount, and a ticket takes its proposals with it', async () => {
  const running = () =>
    house.store.read((q) =>
      approvalStatuses.map((status) => [status, counter(q, `approvals.${status}`)]),
    )
  expect(running()).toEqual(counted())
  const left = () =>
    clientOf(house.store)
      .prepare('SELECT count(*) FROM approvals WHERE ticket_id IS NOT NULL')
      .pluck()
      .get()
  expect(left()).toBeGreaterThan(100)
  await house.desk.write(systemActor, (tx) => {
    for (let id = 1; id <= tickets; id++) deleteTicket(tx, id)
  })
  expect(left()).toBe(0)
  expect(running()).toEqual(counted())
  expect(clientOf(house.store).pragma('foreign_key_check')).toEqual([])
})

function insert(columns: string, values: string) {
  return () =>
    clientOf(house.store).exec(
      `INSERT INTO approvals (uid, expires_at, created_at, updated_at, ${columns})
        VALUES ('u', 1, 1, 1, ${values})`,
    )
}

test('the table refuses a proposal that could not be carried out', () => {
  expect(insert('action_type, draft', "'send_reply', 'x'")).toThrow('CHECK')
  expect(insert('action_type', "'update_ticket'")).toThrow('CHECK')
  expect(insert('action_type, title', "'create_kb_entry', 'x'")).toThrow('CHECK')
  expect(insert('action_type, platform', "'platform_action', 'x'")).toThrow('CHECK')
  expect(insert('action_type', "'delete_ticket'")).toThrow('CHECK')
})
