import { afterEach, beforeEach, describe, expect, spyOn, test } from 'bun:test'
import { createApproval, listApprovals } from '../../src/domain/approvals.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createTicket } from '../../src/domain/tickets.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { expireProposals } from '../../src/jobs/approvals.ts'
import { beat } from '../../src/jobs/heartbeat.ts'
import type { Log } from '../../src/lib/log.ts'
import { eventsAfter } from '../../src/store/events.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'

let house: TestDesk
const log: Log = {
  info: () => {},
  error: (what, err) => {
    throw new Error(what, { cause: err })
  },
}

beforeEach(async () => {
  house = await testDesk()
  await house.desk.write(systemActor, (tx) => {
    const customer = upsertCustomer(tx, 'ada@example.com', undefined)
    createTicket(tx, { customer, subject: 'x', body: 'y', source: 'api' })
  })
})
afterEach(() => house[Symbol.dispose]())

function propose(count: number, lifeMs: number): Promise<void> {
  return house.desk.write<void>(systemActor, (tx) => {
    for (let n = 0; n < count; n++) {
      createApproval(tx, { actionType: 'send_reply', ticketId: 1, draft: `${n}`, lifeMs })
    }
  })
}

const totals = () =>
  house.desk.read(systemActor, (reader) =>
    (['pending', 'expired'] as const).map(
      (status) => listApprovals(reader, status, { limit: 1, offset: 0 }).total,
    ),
  )

const told = () =>
  house.store.read((q) => eventsAfter(q, 0, 1000)).filter(({ type }) => type === 'approval.expired')

describe('expireProposals', () => {
  test('ends what is due in batches, and leaves the rest', async () => {
    await propose(250, 60_000)
    await propose(3, 60_001)
    const job = expireProposals(house.desk)
    house.time.now = T0 + 60_000
    expect(await job.step(house.time.now)).toBe(true)
    expect(totals()).toEqual([153, 100])
    expect(await job.step(house.time.now)).toBe(true)
    expect(await job.step(house.time.now)).toBe(false)
    expect(totals()).toEqual([3, 250])
  })

  test('writes nothing while none is due', async () => {
    await propose(1, 60_000)
    const job = expireProposals(house.desk)
    using write = spyOn(house.store, 'write')
    for (const ms of [0, 1000, 59_999]) {
      house.time.now = T0 + ms
      expect(await job.step(house.time.now)).toBe(false)
    }
    expect(write).not.toHaveBeenCalled()
    house.time.now = T0 + 60_000
    await job.step(house.time.now)
    await job.step(house.time.now)
    expect(write).toHaveBeenCalledTimes(1)
  })

  test('tells of each, once, on its ticket, and touches nothing else of it', async () => {
    await propose(2, 60_000)
    const ticket = () => clientOf(house.store).prepare('SELECT * FROM tickets').all()
    const [before] = ticket()
    house.time.now = T0 + 90_000
    await beat([expireProposals(house.desk)], house.time.now, log)
    await beat([expireProposals(house.desk)], house.time.now, log)
    expect(told().map(({ ticketId, actorKind }) => [ticketId, actorKind])).toEqual([
      [1, 'job'],
      [1, 'job'],
    ])
    expect(JSON.parse(told()[0]?.body ?? '')).toEqual({
      id: 1,
      uid: expect.any(String),
      ticketUid: expect.any(String),
      reference: 'SD-1001',
      actionType: 'send_reply',
      expiresAt: T0 + 60_000,
    })
    expect(ticket()).toEqual([Object.assign({}, before, { event_sequence: expect.any(Number) })])
  })

  test('catches up after days of rest within one beat', async () => {
    await propose(900, 60_000)
    house.time.now = T0 + 3 * 86_400_000
    await beat([expireProposals(house.desk)], house.time.now, log)
    expect(totals()).toEqual([0, 900])
  })
})
