import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { triggerWorkflow } from '../../src/domain/executions.ts'
import { decideApproval, expireApprovals, type Verdict } from '../../src/domain/approvals.ts'
import { updateCustomer } from '../../src/domain/customers.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { labelIdsByName } from '../../src/domain/labels.ts'
import { deleteTicket, updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { claimCalls, settleCall, takeBackCalls } from '../../src/domain/workflowcalls.ts'
import { startRun } from '../../src/domain/workflowruns.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/lib/time.ts'
import {
  changeWorkflows,
  line,
  workflowHouse,
  type Short,
  type WorkflowHouse,
} from '../support/workflows.ts'

type Config = { readonly [name: string]: unknown }

let house: WorkflowHouse

beforeEach(async () => {
  house = await workflowHouse()
})
afterEach(() => house[Symbol.dispose]())

function write<T>(job: (tx: Tx) => T): Promise<T> {
  return house.desk.write(systemActor, job as (tx: Tx) => never)
}

function run() {
  return house.rows<{ status: string; waits_for: string | null; error: string | null }>(
    'SELECT status, waits_for, error FROM workflow_runs ORDER BY id DESC',
  )[0]
}

function said(): { sender_kind: string; body: string }[] {
  return house.rows('SELECT sender_kind, body FROM messages WHERE is_opening = 0 ORDER BY id')
}

const webhook = { action: 'send_webhook', config: { url: 'https://x.test', body: '{{ticket.id}}' } }
const note = { action: 'add_internal_note', config: { content: 'done' } }

type Proposed = { readonly uid: string; readonly draft: string | null; readonly params: string }

function approval(): Proposed {
  const [found] = house.rows<Proposed>('SELECT * FROM approvals ORDER BY id DESC')
  if (!found) throw new Error('nothing was proposed')
  return found
}

function openSteps(): unknown[] {
  return house.rows("SELECT 1 FROM workflow_steps WHERE status IN ('calling', 'waiting')")
}

function labels(): string[] {
  return house
    .rows<{ name: string }>('SELECT name FROM labels JOIN ticket_labels ON label_id = id')
    .map(({ name }) => name)
    .toSorted()
}

async function decide(verdict: Verdict): Promise<void> {
  const { uid } = approval()
  await write((tx) => decideApproval(tx, uid, verdict))
}

/** Begins what is due; calls that hang stay under way. */
async function begin(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) {
    await house.runner.job.step(house.time.now)
    await house.runner.settled()
    await Bun.sleep(1)
  }
}

function callsTo(url: string): number {
  return house.calls.filter(({ config }) => config['url'] === url).length
}

describe('a call', () => {
  test('is written down first, made with its places filled, and its run goes on', async () => {
    await house.add({ graph: line(webhook, note) })
    await house.open()
    await house.settle()
    const uid = house.rows<{ uid: string }>('SELECT uid FROM tickets')[0]?.uid
    expect(house.calls.map(({ type, config, attempts }) => ({ type, config, attempts }))).toEqual([
      { type: 'send_webhook', config: { url: 'https://x.test', body: `tkt_${uid}` }, attempts: 1 },
    ])
    expect(run()?.status).toBe('completed')
    expect(said().map(({ body }) => body)).toEqual(['done'])
  })

  test('is tried again under the same id, later and later, and not before it may be', async () => {
    await house.add({ graph: line(webhook, note) })
    const later = { failure: 'busy', isFinal: false }
    house.outcomes.push({ ...later, retryAfterMs: 120_000 }, later, new Error('lost'))
    await house.open()
    await house.settle()
    await house.pass(119 * secondMs)
    expect(house.calls).toHaveLength(1)
    await house.pass(secondMs)
    expect(house.calls).toHaveLength(2)
    await house.pass(minuteMs)
    await house.pass(5 * minuteMs)
    expect(new Set(house.calls.map(({ uid }) => uid)).size).toBe(1)
    expect(house.calls.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4])
    expect(run()).toEqual({ status: 'completed', waits_for: null, error: null })
  })

  test('saves what it was answered under the name that it is given (keva.md 8.5)', async () => {
    const asked = { ...webhook, config: { ...webhook.config, saveAs: 'answer' } }
    const shown = { action: 'add_internal_note', config: { content: '{{variables.answer.id}}' } }
    await house.add({ graph: line(asked, shown) })
    house.outcomes.push({ result: {}, variable: { value: { id: 'A-7' }, isFromModel: false } })
    await house.open()
    await house.settle()
    expect(said()).toEqual([{ sender_kind: 'workflow', body: 'A-7' }])
  })

  test('that was sent what a model wrote is answered by a model, as far as anybody knows', async () => {
    const echo = { action: 'send_webhook', config: { url: 'https://x.test', saveAs: 'echo' } }
    const draft = { action: 'generate_ai_response', config: { promptTemplate: 'Answer' } }
    const sent = { ...echo, config: { ...echo.config, body: '{{variables.response}}' } }
    const reply = { action: 'send_reply', config: { content: '{{variables.echo}}' } }
    await house.add({ graph: line(draft, sent, reply) })
    house.outcomes.push(
      { result: {}, variable: { value: 'Dear all', isFromModel: true } },
      { result: {}, variable: { value: 'Dear all', isFromModel: false } },
    )
    await house.open()
    await house.settle()
    await decide({ decision: 'approved' })
    await house.settle()
    expect(run()).toMatchObject({ status: 'waiting', waits_for: 'approval' })
    expect(approval().draft).toBe('Dear all')
    expect(said()).toEqual([])
  })

  test('that is tried again lets the other runs of the ticket pass, and takes its turn again', async () => {
    const before = { action: 'add_internal_note', config: { content: 'before' } }
    await house.add({ graph: line(webhook, note) })
    await house.add({ graph: line(before, { delay: 20, unit: 'seconds' }, before) })
    house.outcomes.push({ failure: 'busy', isFinal: false })
    await house.open()
    await house.settle()
    expect(said().map(({ body }) => body)).toEqual(['before'])
    expect(house.rows('SELECT status, waits_for, error FROM workflow_runs ORDER BY id')).toEqual([
      { status: 'running', waits_for: 'retry', error: 'busy' },
      { status: 'waiting', waits_for: 'delay', error: null },
    ])
    await house.pass(10 * secondMs)
    await house.pass(10 * secondMs)
    expect(said().map(({ body }) => body)).toEqual(['before', 'done', 'before'])
    expect(house.rows("SELECT 1 FROM workflow_runs WHERE status = 'completed'")).toHaveLength(2)
    expect(house.rows('SELECT 1 FROM workflow_runs WHERE error IS NOT NULL')).toEqual([])
  })

  test('fails its run in the end, or at once when that is certain', async () => {
    await house.add({ graph: line(webhook, note) })
    for (let n = 0; n < 6; n++) house.outcomes.push({ failure: `no ${n}`, isFinal: false })
    await house.open()
    for (let n = 0; n < 8; n++) await house.pass(hourMs)
    expect(run()).toEqual({ status: 'failed', waits_for: null, error: 'no 5' })
    expect(house.calls).toHaveLength(6)
    house.outcomes.push({ failure: 'never', isFinal: true })
    await house.open()
    await house.settle()
    expect(run()?.error).toBe('never')
    expect(said()).toEqual([])
  })

  test('of a dead server comes due at the start, and its late end changes nothing', async () => {
    await house.add({ graph: line(webhook, note) })
    await house.open()
    house.outcomes.push({ failure: 'x', isFinal: false })
    await house.settle()
    // Another server takes it, and dies with it.
    const claim = {
      lease: 'dead',
      leaseMs: hourMs,
      room: { most: 9, ofOneWorkflow: 9, underWay: new Map(), isDeep: false },
    }
    house.time.now += 10 * secondMs
    const [taken] = await write((tx) => claimCalls(tx, claim))
    await house.pass(secondMs)
    expect(house.calls).toHaveLength(1)
    expect(await write((tx) => takeBackCalls(tx))).toBe(1)
    await house.pass(0)
    expect(house.calls.map(({ attempts }) => attempts)).toEqual([1, 3])
    expect(run()?.status).toBe('completed')
    if (!taken) throw new Error('nothing was claimed')
    await write((tx) => settleCall(tx, taken, { failure: 'late', isFinal: true }))
    expect(run()?.status).toBe('completed')
  })
})

function platform(actionId: string, note: string): Config {
  return { platform: 'shop', actionId, params: { note } }
}
test('a call that hangs when the server stops is given back, and not counted', async () => {
  await house.add({ graph: line(webhook, note) })
  house.outcomes.push('hangs')
  await house.open()
  await house.runner.job.step(house.time.now)
  await house.runner.settled()
  while (house.calls.length === 0) await Bun.sleep(0)
  await house.callDesk.stop(5)
  expect(house.logged.slice(-2)).toEqual(['workflow calls given back', 'broken off'])
  expect(house.rows('SELECT attempts, lease, due_at FROM workflow_steps')).toEqual([
    { attempts: 0, lease: null, due_at: house.time.now },
  ])
  const next = await workflowHouse(house)
  await next.settle()
  expect(next.calls.map(({ uid }) => uid)).toEqual(house.calls.map(({ uid }) => uid))
  expect(run()?.status).toBe('completed')
})

test('many calls of one workflow are made one after another, without a pause', async () => {
  await house.add({ triggerKind: 'ticket_created', graph: line(webhook) })
  for (let n = 0; n < 250; n++) await house.open()
  await house.settle()
  expect(house.calls).toHaveLength(250)
})

describe('calls that hang', () => {
  test('leave room for those of other workflows, however many are behind them', async () => {
    const hanging = { action: 'send_webhook', config: { url: 'https://hang.test' } }
    await house.add({ graph: line(hanging) })
    for (let n = 0; n < 150; n++) {
      house.outcomes.push('hangs')
      await house.open()
    }
    await begin()
    expect(callsTo('https://hang.test')).toBe(8)
    house.outcomes.length = 0
    const other = await house.add({ triggerKind: 'manual', graph: line(webhook) })
    await write((tx) => triggerWorkflow(tx, other, { ticketId: null, data: {} }))
    await begin()
    expect(callsTo('https://hang.test')).toBe(8)
    expect(callsTo('https://x.test')).toBe(1)
  })
})

describe('what a model wrote', () => {
  const draft = { value: 'Dear {{customer.name}}', isFromModel: true }
  const generate = {
    action: 'generate_ai_response',
    config: { promptTemplate: 'Answer', saveAs: 'draft' },
  }
  const reply = { action: 'send_reply', config: { content: '{{variables.draft}}' } }

  async function asked(level: number, ...nodes: readonly Short[]): Promise<void> {
    house.rules.autonomy = { level, sensitive: ['shop.refund'] }
    await house.add({ graph: line(generate, ...nodes, note) })
    house.outcomes.push({ result: { model: 'small' }, variable: draft })
    await house.open()
    await house.settle()
  }

  test('waits for a person below its level, goes out by the decision, and the run goes on', async () => {
    await asked(2, reply)
    expect(run()).toEqual({ status: 'waiting', waits_for: 'approval', error: null })
    expect(approval()).toMatchObject({
      action_type: 'send_reply',
      draft: 'Dear {{customer.name}}',
      model: 'small',
    })
    expect(said()).toEqual([])
    await decide({ decision: 'approved', editedDraft: 'Dear Mara' })
    await house.settle()
    expect(said()).toEqual([
      { sender_kind: 'ai', body: 'Dear Mara' },
      { sender_kind: 'workflow', body: 'done' },
    ])
    expect(run()?.status).toBe('completed')
  })

  test('that was rejected, or not decided in time, ends the run', async () => {
    await asked(2, reply)
    await decide({ decision: 'rejected' })
    expect(run()?.error).toBe('The approval was rejected')
    house.outcomes.push({ result: {}, variable: draft })
    await house.open()
    await house.settle()
    house.time.now += 7 * dayMs
    await write((tx) => expireApprovals(tx, 10))
    expect(run()?.error).toBe('The approval expired')
    await house.settle()
    expect(said()).toEqual([])
  })

  test('does not wait for ever when its ticket goes', async () => {
    await asked(1, reply)
    await write((tx) => deleteTicket(tx, 1))
    expect(run()).toEqual({ status: 'failed', waits_for: null, error: 'The ticket was deleted' })
    expect(openSteps()).toEqual([])
  })

  test('goes out at level 4, and at level 3 where it is routine', async () => {
    await asked(4, reply)
    expect(said()[0]).toEqual({ sender_kind: 'ai', body: 'Dear {{customer.name}}' })
    house.rules.autonomy = { level: 3, sensitive: [] }
    house.outcomes.push({ result: {}, variable: draft })
    await house.open()
    await house.settle()
    expect(run()?.status).toBe('completed')
    await write((tx) => updateCustomer(tx, 1, { isVip: true }))
    house.outcomes.push({ result: {}, variable: draft })
    await house.open()
    await house.settle()
    expect(run()?.waits_for).toBe('approval')
  })

  test('has the level of its workflow before that of the desk', async () => {
    house.rules.autonomy = { level: 2, sensitive: [] }
    await house.add({ graph: line(generate, reply), autonomyLevel: 5 })
    house.outcomes.push({ result: {}, variable: draft })
    await house.open()
    await house.settle()
    expect(run()?.status).toBe('completed')
  })

  const text = '{{variables.draft}}'
  const word = '{{variables.word}}'
  // Level by level from 1 to 5: whether a person is asked (keva.md section 10).
  const always = [true, true, true, true, true]
  const below4 = [true, true, true, false, false]
  const routine = [true, true, false, false, false]
  const never = [false, false, false, false, false]
  const carriers: readonly (readonly [string, string, Config, readonly boolean[]])[] = [
    ['a routine reply', 'send_reply', { content: text }, routine],
    ['an e-mail', 'send_email', { to: 'a@b.test', subject: 'x', body: text }, below4],
    ['a message to Slack', 'send_slack_message', { message: text }, below4],
    ['a message to Teams', 'send_teams_message', { message: text }, below4],
    ['a webhook', 'send_webhook', { url: 'https://x.test', body: { deep: [text] } }, below4],
    ['an address', 'send_webhook', { url: `https://x.test/${word}` }, below4],
    ['a platform action', 'execute_connector_action', platform('ship', text), below4],
    ['a sensitive one', 'execute_connector_action', platform('refund', text), always],
    ['a sensitive one of a person', 'execute_connector_action', platform('refund', 'x'), always],
    ['a platform action of a person', 'execute_connector_action', platform('ship', 'x'), never],
    ['a status', 'set_status', { status: word }, below4],
    ['a priority', 'set_priority', { priority: word }, below4],
    ['an assignee', 'assign_to', { assignee: word }, below4],
    ['tags', 'add_tags', { tags: ['hot', word] }, below4],
    ['tags that go', 'remove_tags', { tags: word }, below4],
    ['a note', 'add_internal_note', { content: text }, never],
    ['a question to a model', 'generate_ai_response', { promptTemplate: text }, never],
    ['a tag of a person', 'add_tags', { tags: ['hot'] }, never],
    ['an e-mail of a person', 'send_email', { to: 'a@b.test', subject: 'x', body: 'y' }, never],
  ]

  const words: { readonly [action: string]: string } = {
    set_status: 'pending',
    set_priority: 'high',
    assign_to: 'ai',
  }

  const table = carriers.flatMap(([what, action, config, asked]) =>
    asked.map((asks, at) => ({ what, action, config, level: at + 1, asks })),
  )

  test.each(table)('in $what asks at level $level: $asks', async ({ level, asks, ...carried }) => {
    const { action, config } = carried
    const saved = { ...draft, value: words[action] ?? 'billing' }
    const classify = { action: 'classify_ticket', config: { saveAs: 'word' } }
    const graph = line(generate, classify, { action, config })
    // Once by the level of the desk, and once by that of the workflow against it.
    for (const autonomyLevel of [null, level]) {
      house.rules.autonomy = {
        level: autonomyLevel ? 6 - level : level,
        sensitive: ['shop.refund'],
      }
      await house.add({ graph, autonomyLevel, triggerKind: 'manual' })
      house.outcomes.push({ result: {}, variable: draft }, { result: {}, variable: saved })
      const ticketId = await house.open()
      await write((tx) => {
        startRun(tx, {
          workflowId: autonomyLevel ? 2 : 1,
          version: 1,
          ticketId,
          triggerType: 'manual',
          data: {},
          cause: null,
        })
      })
      // Each call has its own turn.
      await house.settle()
      await house.settle()
      expect([autonomyLevel, run()?.waits_for ?? run()?.status]).toEqual([
        autonomyLevel,
        asks ? 'approval' : 'completed',
      ])
    }
  })

  test('changes a ticket only once a person agrees, who sees what it would become', async () => {
    const saved = { ...draft, value: 'billing' }
    house.rules.autonomy = { level: 3, sensitive: [] }
    const tags = { action: 'add_tags', config: { tags: ['{{variables.draft}}'] } }
    await house.add({ graph: line(generate, tags, note) })
    house.outcomes.push({ result: {}, variable: saved })
    const id = await house.open()
    await write((tx) => updateTicket(tx, id, { labelIds: labelIdsByName(tx, ['old']) }))
    await house.settle()
    expect(labels()).toEqual(['old'])
    expect(approval()).toMatchObject({
      action_type: 'platform_action',
      platform: 'desk',
      action_id: 'add_tags',
      params: '{"tags":["billing"]}',
      diff: '[{"field":"tags","before":"old","after":"old, billing"}]',
    })
    // What others do meanwhile stays.
    await write((tx) => updateTicket(tx, id, { labelIds: labelIdsByName(tx, ['old', 'by hand']) }))
    await decide({ decision: 'approved' })
    expect(labels()).toEqual(['billing', 'by hand', 'old'])
    await house.settle()
    expect(run()).toEqual({ status: 'completed', waits_for: null, error: null })
    expect(said().map(({ body }) => body)).toEqual(['done'])
    const [told] = house.rows<{ body: string }>(
      "SELECT body FROM events WHERE type = 'approval.decided'",
    )
    // Nobody else is asked to do it.
    expect(JSON.parse(told?.body ?? '{}')).toMatchObject({ platformAction: null })
  })

  test('that cannot be done is not proposed', async () => {
    await asked(1, { action: 'set_status', config: { status: '{{variables.draft}}' } })
    expect(run()?.error).toBe('set_status has no known status')
    expect(house.rows('SELECT 1 FROM approvals')).toEqual([])
  })

  test('is sent by the run once an e-mail is approved', async () => {
    const config = { to: '{{customer.email}}', subject: 'Hi', body: '{{variables.draft}}' }
    await asked(3, { action: 'send_email', config })
    expect(approval()).toMatchObject({ action_type: 'platform_action', model: 'small' })
    expect(JSON.parse(approval().params)).toMatchObject({ to: 'mara@example.com' })
    expect(house.calls.map(({ type }) => type)).toEqual(['generate_ai_response'])
    await decide({ decision: 'approved' })
    await house.settle()
    expect(house.calls.map(({ type }) => type)).toEqual(['generate_ai_response', 'send_email'])
    expect(run()?.status).toBe('completed')
  })

  test('is sent once its run has its turn, after a run of the ticket that goes on', async () => {
    const mail = { action: 'send_email', config: { to: 'a@b.test', subject: 'x', body: text } }
    await asked(2, mail)
    await house.add({ graph: line(webhook, note), triggerKind: 'ticket_updated' })
    await write((tx) => updateTicket(tx, 1, { subject: 'other' }))
    await decide({ decision: 'approved' })
    await house.runner.job.step(house.time.now)
    await house.runner.settled()
    expect(house.rows('SELECT waits_for FROM workflow_runs ORDER BY id')).toEqual([
      { waits_for: 'turn' },
      { waits_for: 'call' },
    ])
    await house.settle()
    const sent = house.calls.map(({ type }) => type)
    expect(sent).toEqual(['generate_ai_response', 'send_webhook', 'send_email'])
    expect(house.rows('SELECT DISTINCT status FROM workflow_runs')).toEqual([
      { status: 'completed' },
    ])
  })

  test('is not sent when its workflow was switched off before it had its turn', async () => {
    await asked(2, { action: 'send_email', config: { to: 'a@b.test', subject: 'x', body: text } })
    await decide({ decision: 'approved' })
    await write((tx) => changeWorkflows(tx, 'is_active', 0))
    await house.settle()
    expect(run()?.error).toBe('The workflow was switched off')
    expect(house.calls.map(({ type }) => type)).toEqual(['generate_ai_response'])
    expect(openSteps()).toEqual([])
  })

  test('a sensitive action of a platform asks at every level, whoever wrote it', async () => {
    const action = 'execute_connector_action'
    await asked(5, { action, config: { platform: 'shop', actionId: 'refund' } })
    expect(run()?.waits_for).toBe('approval')
    await decide({ decision: 'approved' })
    await house.settle()
    expect(house.calls.at(-1)?.type).toBe(action)
  })

  test('a template of a person needs nobody', async () => {
    house.rules.autonomy = { level: 1, sensitive: [] }
    await house.add({ graph: line({ action: 'send_reply', config: { content: 'Hello' } }) })
    await house.open()
    await house.settle()
    expect(said()).toEqual([{ sender_kind: 'workflow', body: 'Hello' }])
    await write((tx) => postMessage(tx, 1, { body: 'x', direction: 'inbound', isInternal: false }))
  })
})
