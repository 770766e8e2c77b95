import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { decideApproval } from '../../src/domain/approvals.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { Privacy } from '../../src/domain/privacy.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { claimCalls, settleCall } from '../../src/domain/workflowcalls.ts'
import { startRun } from '../../src/domain/workflowruns.ts'
import { hourMs, minuteMs } from '../../src/lib/time.ts'
import {
  line,
  openTicket,
  workflowHouse,
  type Short,
  type WorkflowHouse,
} from '../support/workflows.ts'

// A customer is erased while a workflow is under way on the customer's ticket: nothing goes out with what is left.

let house: WorkflowHouse

beforeEach(async () => {
  house = await workflowHouse()
})
afterEach(() => house[Symbol.dispose]())

function write<T>(job: (tx: Tx) => T): Promise<T> {
  return house.desk.write(systemActor, job as (tx: Tx) => never)
}

const mail = {
  action: 'send_email',
  config: {
    to: '{{customer.email}}',
    subject: '{{ticket.subject}}',
    body: 'Dear {{customer.name}}',
  },
}
const note = { action: 'add_internal_note', config: { content: 'about {{ticket.subject}}' } }

const erase = (id = 1) => new Privacy(house.desk, house.store).erase(systemActor, id)

const runs = () =>
  house.rows<{ status: string; error: string | null }>(
    'SELECT status, error FROM workflow_runs ORDER BY id',
  )

const lastStep = () =>
  house.rows<{ status: string; due_at: number | null; error: string | null; detail: string }>(
    'SELECT status, due_at, error, detail FROM workflow_steps ORDER BY id DESC',
  )[0]

const ended = { status: 'failed', error: 'The customer was erased' }

async function open(...nodes: readonly Short[]): Promise<void> {
  await house.add({ graph: line(...nodes, note) })
  await house.open()
}

function start(data: { readonly from: string }): Promise<unknown> {
  const common = { workflowId: 1, version: 1, ticketId: null, triggerType: 'webhook' }
  return write((tx) => startRun(tx, { ...common, data, cause: null }))
}

/** Lets all the time pass that anything could wait for; nothing more may go out. */
async function expectNothingMore(calls: number): Promise<void> {
  for (let n = 0; n < 12; n++) await house.pass(hourMs)
  expect(house.calls).toHaveLength(calls)
  expect(house.rows('SELECT 1 FROM messages WHERE is_internal = 1')).toEqual([])
}

describe('what waits for an erased customer fails with the reason', () => {
  test('a call that was not made yet', async () => {
    house.outcomes.push({ failure: 'busy', isFinal: false })
    await open(mail)
    await house.settle()
    expect(house.calls).toHaveLength(1)
    await erase()
    expect(runs()).toEqual([ended])
    expect(lastStep()).toMatchObject({ ...ended, due_at: null })
    expect(lastStep()?.detail).not.toContain('Mara')
    await expectNothingMore(1)
  })

  test('a call that is under way: its end changes nothing', async () => {
    await open(mail)
    const room = { most: 9, ofOneWorkflow: 9, underWay: new Map<number, number>(), isDeep: false }
    const claim = { lease: 'other', leaseMs: hourMs, room }
    // Only as far as the call, which another server makes.
    house.outcomes.push({ failure: 'busy', isFinal: false })
    await house.settle()
    house.time.now += minuteMs
    const [call] = await write((tx) => claimCalls(tx, claim))
    await erase()
    if (!call) throw new Error('nothing was claimed')
    await write((tx) => settleCall(tx, call, { result: { answer: 'Dear Mara Lind' } }))
    expect(runs()).toEqual([ended])
    expect(lastStep()?.detail).not.toContain('Mara')
    await expectNothingMore(1)
  })

  test('a delay', async () => {
    await open({ delay: 30 }, mail)
    await house.settle()
    await erase()
    expect(runs()).toEqual([ended])
    await expectNothingMore(0)
  })

  test('those that wait for their turn', async () => {
    for (let n = 0; n < 3; n++) await house.add({ graph: line(mail, note) })
    await house.open()
    const waits = house.rows('SELECT waits_for FROM workflow_runs ORDER BY id')
    expect(waits).toEqual([null, 'turn', 'turn'].map((waits_for) => ({ waits_for })))
    await erase()
    expect(runs()).toEqual([ended, ended, ended])
    await expectNothingMore(0)
  })

  test('a proposal, which nobody can agree to any more', async () => {
    const draft = { value: 'Dear Mara Lind', isFromModel: true }
    house.outcomes.push({ result: {}, variable: draft })
    await open(
      { action: 'generate_ai_response', config: { promptTemplate: 'x', saveAs: 'draft' } },
      { action: 'send_reply', config: { content: '{{variables.draft}}' } },
    )
    await house.settle()
    const [proposed] = house.rows<{ uid: string }>('SELECT uid FROM approvals')
    await erase()
    expect(runs()).toEqual([ended])
    expect(house.rows('SELECT status FROM approvals')).toEqual([{ status: 'expired' }])
    const late = write((tx) => decideApproval(tx, proposed?.uid, { decision: 'approved' }))
    expect(await late.catch((err: Error) => err.message)).toBe('refused: approvalExpired')
    await expectNothingMore(1)
  })

  test('a run of no ticket that was told of the customer', async () => {
    await house.add({ triggerKind: 'webhook', graph: line({ delay: 30 }, mail) })
    await house.open()
    await start({ from: 'mara@example.com' })
    await start({ from: 'ada@example.com' })
    await house.settle()
    await erase()
    expect(runs()).toEqual([ended, { status: 'waiting', error: null }])
  })
})

test('nothing of anybody else ends, and a second erasure finds nothing', async () => {
  await open({ delay: 30 }, { action: 'add_tags', config: { tags: ['late'] } })
  await write((tx) => {
    const ada = upsertCustomer(tx, 'ada@example.com', 'Ada Falk')
    openTicket(tx, { customer: ada })
  })
  await house.settle()
  await erase()
  const { counts } = await erase()
  expect(Object.values(counts).filter((count) => count > 0)).toEqual([])
  await house.pass(hourMs)
  expect(runs()).toEqual([ended, { status: 'completed', error: null }])
})
