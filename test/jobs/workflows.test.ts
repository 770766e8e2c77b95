import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { listActivity } from '../../src/domain/activity.ts'
import { triggerWorkflow } from '../../src/domain/executions.ts'
import { triggerIncoming } from '../../src/domain/incoming.ts'
import { labelIdsByName } from '../../src/domain/labels.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { createStaff } from '../../src/domain/staff.ts'
import { closeTicket, deleteTicket, updateTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { getWorkflow } from '../../src/domain/workflows.ts'
import { hourMs, minuteMs, secondMs } from '../../src/lib/time.ts'
import type { TriggerKind } from '../../src/store/schema.ts'
import {
  changeWorkflows,
  line,
  openTicket,
  workflowHouse,
  type WorkflowHouse,
} from '../support/workflows.ts'
import { T0 } from '../store/fixtures.ts'

let house: WorkflowHouse

beforeEach(async () => {
  house = await workflowHouse()
})
afterEach(() => house[Symbol.dispose]())

type RunShown = { status: string; waits_for: string | null; error: string | null }

function runs(): RunShown[] {
  return house.rows('SELECT status, waits_for, error FROM workflow_runs ORDER BY id')
}

function statuses(): string[] {
  return runs().map(({ status }) => status)
}

function write<T>(job: (tx: Tx) => T): Promise<T> {
  return house.desk.write(systemActor, job as (tx: Tx) => never)
}

function tickets(): { priority: string; status: string; assigned_to: number | null }[] {
  return house.rows('SELECT priority, status, assigned_to FROM tickets ORDER BY id')
}

const tag = (name: string) => ({ action: 'add_tags', config: { tags: [name] } })
const note = (content: string) => ({ action: 'add_internal_note', config: { content } })

function notes(): string[] {
  return house
    .rows<{ body: string }>('SELECT body FROM messages WHERE is_internal = 1 ORDER BY id')
    .map(({ body }) => body)
}

/** Which workflows a change starts. */
async function started(job: (tx: Tx) => unknown): Promise<string[]> {
  await house.settle()
  await write((tx) => {
    tx.q.prepared({}, ({ client }) => client.exec('DELETE FROM workflow_runs'))
    job(tx)
  })
  return house
    .rows<{ trigger_type: string }>('SELECT trigger_type FROM workflow_runs ORDER BY id')
    .map((row) => row.trigger_type)
}

const flip = (from: string, to: string) =>
  line(
    { condition: [{ field: 'ticket.priority', operator: 'equals', value: from }] },
    { action: 'set_priority', config: { priority: to } },
  )

const timer = (basis: string) => {
  const graph = line(note(basis))
  const nodes = graph.nodes.map((node) =>
    node.type === 'trigger' ? { ...node, data: { timer: { basis, duration: 30 } } } : node,
  )
  return { triggerKind: 'scheduled' as const, graph: { ...graph, nodes } }
}

const answer = (id: number, isInternal: boolean) => (tx: Tx) =>
  postMessage(tx, id, { body: 'x', direction: 'outbound', isInternal })

describe('a run', () => {
  test('starts with its event, takes the way that holds, and says why', async () => {
    const urgent = { field: 'ticket.subject', operator: 'contains', value: 'fire' }
    await house.add({
      graph: line(
        { condition: [urgent] },
        { action: 'set_priority', config: { priority: 'urgent' } },
      ),
    })
    await house.open()
    expect(runs()).toEqual([{ status: 'running', waits_for: null, error: null }])
    await house.settle()
    expect(tickets()).toEqual([{ priority: 'urgent', status: 'open', assigned_to: null }])
    expect(statuses()).toEqual(['completed'])
    const steps = house.rows<{ kind: string; status: string; detail: string }>(
      'SELECT kind, status, detail FROM workflow_steps ORDER BY position',
    )
    expect(steps.map((step) => ({ ...step, detail: JSON.parse(step.detail) as object }))).toEqual([
      {
        kind: 'condition',
        status: 'done',
        detail: {
          held: true,
          comparisons: [
            {
              field: 'ticket.subject',
              operator: 'contains',
              expected: 'fire',
              actual: 'Printer on fire',
              held: true,
            },
          ],
        },
      },
      {
        kind: 'action',
        status: 'done',
        detail: {
          type: 'set_priority',
          config: { priority: 'urgent' },
          changes: { priority: { from: 'medium', to: 'urgent' } },
        },
      },
    ])
    expect(
      house.rows('SELECT execution_count AS runs, last_triggered_at AS at FROM workflows'),
    ).toEqual([{ runs: 1, at: T0 }])
  })

  test.each([
    ['by hand', (tx: Tx) => triggerWorkflow(tx, 1, { ticketId: null, data: {} })],
    [
      'by its own URL',
      (tx: Tx) => {
        const { uid } = getWorkflow(tx, 1)
        const proof = { secret: null, signature: null, body: new Uint8Array() }
        return triggerIncoming(tx, uid, { data: {}, proof, deliveryId: null, sealing: '' })
      },
    ],
  ])('that is started %s goes on at once, not at the next beat', async (_, start) => {
    await house.add({
      triggerKind: 'webhook',
      graph: line({ action: 'send_webhook', config: { url: 'https://x.test' } }),
    })
    await house.settle()
    await write(start)
    await house.runner.settled()
    expect(house.rows('SELECT node_id FROM workflow_steps')).toEqual([{ node_id: 'n1' }])
  })

  test('that did nothing is skipped, and no execution', async () => {
    const never = { field: 'ticket.subject', operator: 'equals', value: 'x' }
    await house.add({ graph: line({ condition: [never] }, tag('x')) })
    await house.open()
    await house.settle()
    expect(statuses()).toEqual(['skipped'])
    expect(house.rows('SELECT execution_count AS runs FROM workflows')).toEqual([{ runs: 0 }])
  })

  test('that did nothing is kept as a sample, once a workflow has a thousand of them', async () => {
    const never = { field: 'ticket.subject', operator: 'equals', value: 'x' }
    const graph = line({ condition: [never] }, tag('x'))
    await house.add({ graph, skippedRuns: 1000 })
    const ofOther = await house.add({ graph, skippedRuns: 999 })
    await write((tx) => {
      for (let n = 0; n < 40; n++) openTicket(tx)
    })
    await house.settle()
    const kept = (id: number) =>
      house.rows(`SELECT 1 FROM workflow_runs WHERE workflow_id = ${id}`).length
    // Every twentieth id; of the other the first is the thousandth.
    expect([kept(1), kept(ofOther)]).toEqual([0, 5])
    expect(house.rows('SELECT 1 FROM workflow_steps')).toHaveLength(5)
    expect(house.rows('SELECT execution_count AS runs FROM workflows')).toEqual([
      { runs: 0 },
      { runs: 0 },
    ])
    // What somebody started by hand stays.
    await write((tx) => triggerWorkflow(tx, 1, { ticketId: 1, data: {} }))
    await house.settle()
    expect(kept(1)).toBe(1)
  })

  test('does nothing while the workflow is switched off', async () => {
    await house.add({ graph: line(tag('x')), isActive: false })
    await house.open()
    await house.settle()
    expect(runs()).toEqual([])
  })

  test('goes when its transaction goes', async () => {
    await house.add({ graph: line(tag('x')) })
    const lost = write((tx) => {
      openTicket(tx)
      throw new RangeError('rolled back')
    })
    expect(await lost.catch((err: Error) => err.message)).toBe('rolled back')
    expect(runs()).toEqual([])
  })

  test('waits for its delay, and goes on then', async () => {
    await house.add({ graph: line({ delay: 30 }, note('Half an hour')) })
    await house.open()
    await house.pass(0)
    expect(runs()).toEqual([{ status: 'waiting', waits_for: 'delay', error: null }])
    await house.pass(30 * minuteMs - 1)
    expect(notes()).toEqual([])
    await house.pass(1)
    expect(notes()).toEqual(['Half an hour'])
    expect(statuses()).toEqual(['completed'])
  })

  test('stops at its next step once the workflow is switched off', async () => {
    await house.add({ graph: line({ delay: 30 }, note('no')) })
    await house.open()
    await house.settle()
    await write((tx) => changeWorkflows(tx, 'is_active', 0))
    await house.pass(hourMs)
    expect(runs()).toEqual([
      { status: 'failed', waits_for: null, error: 'The workflow was switched off' },
    ])
    expect(notes()).toEqual([])
  })

  test('ends with its ticket', async () => {
    await house.add({ graph: line({ delay: 30 }, note('no')) })
    const id = await house.open()
    await house.settle()
    await write((tx) => deleteTicket(tx, id))
    await house.pass(hourMs)
    expect(runs()[0]?.error).toBe('The ticket was deleted')
  })

  test('goes on with the graph that it began with', async () => {
    await house.add({ graph: line({ delay: 1 }, note('first')) })
    await house.open()
    await house.settle()
    const second = JSON.stringify(line(note('second')))
    await write((tx) => changeWorkflows(tx, 'version', 2))
    house.desk.read(systemActor, () => undefined)
    await write((tx) => {
      tx.q.prepared({}, ({ client }) =>
        client
          .prepare('INSERT INTO workflow_versions VALUES (1, 2, ?, ?, NULL, NULL, 0)')
          .run('ticket_created', second),
      )
      changeWorkflows(tx, 'version', 2)
    })
    await house.pass(minuteMs)
    await house.open()
    await house.settle()
    expect(notes()).toEqual(['first', 'second'])
  })

  test('that goes round is stopped', async () => {
    const graph = line(tag('x'))
    const loop = {
      nodes: graph.nodes,
      edges: [
        { source: 'n0', target: 'n1' },
        { source: 'n1', target: 'n1' },
      ],
    }
    await house.add({ graph: loop })
    await house.open()
    await house.settle()
    expect(runs()[0]?.error).toBe('The run came by more than 500 nodes')
  })
})

describe('actions of the desk', () => {
  test('change the ticket as people would, and events tell of it', async () => {
    const ida = await write((tx) =>
      createStaff(tx, { role: 'agent', name: 'Ida', email: 'ida@b.test' }),
    )
    await house.add({
      graph: line(
        { action: 'set_status', config: { status: 'pending' } },
        { action: 'set_priority', config: { priority: 'High' } },
        { action: 'assign_to', config: { assignee: `user_${ida.uid}` } },
        { action: 'add_tags', config: { tags: ['hot', 'new'] } },
        { action: 'remove_tags', config: { tags: 'NEW, other' } },
        note('For {{customer.name}} about {{ticket.subject}}'),
        {
          action: 'send_reply',
          config: { content: 'Dear {{customer.name}}', includeSignature: true },
        },
      ),
    })
    house.rules.signature = 'Northwind'
    await house.open()
    await house.settle()
    expect(runs()).toEqual([{ status: 'completed', waits_for: null, error: null }])
    expect(tickets()).toEqual([{ priority: 'high', status: 'on_hold', assigned_to: ida.id }])
    expect(house.rows('SELECT name FROM labels JOIN ticket_labels ON label_id = id')).toEqual([
      { name: 'hot' },
    ])
    expect(
      house.rows('SELECT sender_kind, is_internal, body FROM messages WHERE is_opening = 0'),
    ).toEqual([
      { sender_kind: 'workflow', is_internal: 1, body: 'For Mara Lind about Printer on fire' },
      { sender_kind: 'workflow', is_internal: 0, body: 'Dear Mara Lind\n\nNorthwind' },
    ])
    const types = house.rows<{ type: string }>(
      "SELECT type FROM events WHERE ticket_id = 1 AND actor_kind = 'job' ORDER BY sequence",
    )
    expect(types.map(({ type }) => type)).toEqual([
      ...Array.from({ length: 5 }, () => 'ticket.updated'),
      'note.created',
      'message.created',
    ])
  })

  test.each([
    ['set_status', { status: 'gone' }, 'set_status has no known status'],
    ['set_priority', {}, 'set_priority has no known priority'],
    ['assign_to', { assignee: 'user_x' }, 'assign_to names nobody there is'],
    ['add_internal_note', { content: '{{ticket.colour}}' }, 'add_internal_note has no text'],
    ['send_reply', {}, 'send_reply has no text'],
    ['dance', {}, 'There is no action dance'],
    ['send_email', { to: 'a@b.c' }, 'send_email has no body'],
    ['send_webhook', {}, 'send_webhook has no url'],
  ])('%s with %p fails for good: %s', async (action, config, error) => {
    await house.add({ graph: line({ action, config }, note('no')) })
    await house.open()
    await house.pass(hourMs)
    expect(runs()).toEqual([{ status: 'failed', waits_for: null, error }])
    expect(notes()).toEqual([])
  })

  test('say to whom and to nobody', async () => {
    for (const assignee of ['ai', 'unassigned']) {
      await house.add({ graph: line({ action: 'assign_to', config: { assignee } }) })
      await house.open()
      await house.settle()
    }
    expect(house.rows('SELECT is_assigned_to_ai AS ai FROM tickets ORDER BY id')).toEqual([
      { ai: 1 },
      { ai: 0 },
    ])
  })
})

describe('triggers (keva.md 8.4, R5)', () => {
  const kinds: TriggerKind[] = [
    'ticket_created',
    'ticket_updated',
    'ticket_closed',
    'ticket_status_changed',
    'ticket_assigned',
    'message_received',
    'tag_added',
  ]

  beforeEach(async () => {
    for (const triggerKind of kinds) {
      await house.add({ triggerKind, graph: line({ delay: 1 }) })
    }
  })

  test('each of what it is for, and once', async () => {
    const agent = await write((tx) =>
      createStaff(tx, { role: 'agent', name: 'Ida', email: 'ida@b.test' }),
    )
    expect(await started((tx) => openTicket(tx))).toEqual(['ticket_created'])
    const one = 1
    const label =
      (...names: string[]) =>
      (tx: Tx) =>
        updateTicket(tx, one, { labelIds: labelIdsByName(tx, names) })
    const status = (to: 'in_progress' | 'on_hold' | 'solved' | 'closed' | 'open') => (tx: Tx) =>
      updateTicket(tx, one, { status: { to, unless: [] } })
    const say =
      (direction: 'inbound' | 'outbound', isInternal = false) =>
      (tx: Tx) =>
        postMessage(tx, one, { body: 'x', direction, isInternal })
    expect(await started((tx) => updateTicket(tx, one, { subject: 'y' }))).toEqual([
      'ticket_updated',
    ])
    expect(await started((tx) => updateTicket(tx, one, { subject: 'y' }))).toEqual([])
    expect(await started(label('a', 'b'))).toEqual(['ticket_updated', 'tag_added'])
    expect(await started(label('a'))).toEqual(['ticket_updated'])
    expect(await started((tx) => updateTicket(tx, one, { assignedTo: agent.id }))).toEqual([
      'ticket_updated',
      'ticket_assigned',
    ])
    expect(await started((tx) => updateTicket(tx, one, { assignedTo: null }))).toEqual([
      'ticket_updated',
    ])
    // One word for both.
    expect(await started(status('in_progress'))).toEqual(['ticket_updated'])
    expect(await started(status('on_hold'))).toEqual(['ticket_updated', 'ticket_status_changed'])
    expect(await started(status('solved'))).toEqual([
      'ticket_updated',
      'ticket_status_changed',
      'ticket_closed',
    ])
    expect(await started(status('closed'))).toEqual(['ticket_updated', 'ticket_status_changed'])
    expect(await started(say('outbound'))).toEqual([])
    expect(await started(say('inbound', true))).toEqual([])
    expect(await started(say('inbound'))).toEqual([
      'message_received',
      'ticket_updated',
      'ticket_status_changed',
    ])
  })

  test('tell what was before, in the words of graphs', async () => {
    await house.open()
    await started((tx) => updateTicket(tx, 1, { status: { to: 'on_hold', unless: [] } }))
    const [row] = house.rows<{ trigger_data: string }>('SELECT trigger_data FROM workflow_runs')
    const uid = house.rows<{ uid: string }>('SELECT uid FROM tickets')[0]?.uid
    expect(JSON.parse(row?.trigger_data ?? '')).toEqual({
      ticketId: `tkt_${uid}`,
      changes: { status: { from: 'open', to: 'pending' } },
      previous: { status: 'open' },
    })
  })
})

describe('runs of one ticket', () => {
  test('go one after another, in their order; those that wait let others pass', async () => {
    await house.add({ graph: line(note('a1'), note('a2')) })
    await house.add({ graph: line({ delay: 1 }, note('b')) })
    await house.add({ graph: line(note('c1'), note('c2')) })
    await house.open()
    expect(runs().map((run) => run.waits_for)).toEqual([null, 'turn', 'turn'])
    await house.settle()
    expect(notes()).toEqual(['a1', 'a2', 'c1', 'c2'])
    await house.pass(minuteMs)
    expect(notes()).toEqual(['a1', 'a2', 'c1', 'c2', 'b'])
  })

  test('do not wait for runs of other tickets', async () => {
    await house.add({ graph: line({ action: 'send_webhook', config: { url: 'https://x.test' } }) })
    house.outcomes.push({ failure: 'later', isFinal: false })
    await house.open()
    await house.settle()
    await house.open({ subject: 'two' })
    await house.settle()
    expect(statuses()).toEqual(['running', 'completed'])
  })

  test('get a turn that got lost', async () => {
    await house.add({ graph: line(note('a')) })
    await house.add({ graph: line(note('b')) })
    await house.open()
    await write((tx) => {
      tx.q.prepared({}, ({ client }) => client.exec('DELETE FROM workflow_runs WHERE id = 1'))
    })
    await house.pass(minuteMs)
    await house.settle()
    expect(notes()).toEqual(['b'])
  })
})

describe('a step that throws', () => {
  test('leaves nothing, is tried again, and fails in the end with the reason', async () => {
    await house.add({ graph: line(note('a'), tag('x')) })
    await write((tx) => {
      tx.q.prepared({}, ({ client }) =>
        client.exec(`CREATE TEMP TRIGGER broken BEFORE INSERT ON ticket_labels
          BEGIN SELECT RAISE(ABORT, 'broken'); END`),
      )
    })
    await house.open()
    await house.settle()
    expect(runs()).toMatchObject([{ status: 'running', waits_for: 'retry' }])
    expect(house.rows('SELECT kind FROM workflow_steps')).toEqual([{ kind: 'action' }])
    await house.pass(secondMs)
    await house.pass(10 * secondMs)
    await write((tx) => {
      tx.q.prepared({}, ({ client }) => client.exec('DROP TRIGGER broken'))
    })
    await house.pass(minuteMs)
    expect(statuses()).toEqual(['completed'])
    expect(notes()).toEqual(['a'])
  })

  test('takes none other with it', async () => {
    await house.add({ graph: line(tag('x')) })
    await write((tx) => {
      tx.q.prepared({}, ({ client }) =>
        client.exec(`CREATE TEMP TRIGGER broken BEFORE INSERT ON ticket_labels
          WHEN new.ticket_id = 2 BEGIN SELECT RAISE(ABORT, 'broken'); END`),
      )
    })
    for (let n = 0; n < 3; n++) await house.open({ subject: `t${n}` })
    await house.settle()
    expect(statuses()).toEqual(['completed', 'running', 'completed'])
    for (const wait of [1, 10, 60, 300]) await house.pass(wait * secondMs)
    expect(statuses()).toEqual(['completed', 'failed', 'completed'])
    expect(runs()[1]?.error).toBe('It failed for a reason in the log')
    expect(house.logged.filter((one) => one.includes('broken')).length).toBe(5)
    // Where it failed stands among what the run did.
    expect(
      house.rows(
        'SELECT run_id, node_id, status, attempts, error, detail FROM workflow_steps WHERE run_id = 2',
      ),
    ).toEqual([
      {
        run_id: 2,
        node_id: 'n1',
        status: 'failed',
        attempts: 5,
        error: 'It failed for a reason in the log',
        detail: '{"type":"add_tags","config":{"tags":["x"]}}',
      },
    ])
  })
})

describe('rules that set each other off (J9)', () => {
  test('are cut at depth 8, and the activity log says so', async () => {
    await house.add({ triggerKind: 'ticket_updated', name: 'A', graph: flip('low', 'high') })
    await house.add({ triggerKind: 'ticket_updated', name: 'B', graph: flip('high', 'low') })
    await house.open()
    await write((tx) => updateTicket(tx, 1, { priority: 'low' }))
    await house.settle()
    expect(house.rows('SELECT min(depth) AS least, max(depth) AS most FROM workflow_runs')).toEqual(
      [{ least: 1, most: 8 }],
    )
    expect(house.rows('SELECT 1 FROM workflow_runs').length).toBeLessThan(1000)
    expect(
      house.rows("SELECT 1 FROM workflow_runs WHERE status NOT IN ('completed', 'skipped')"),
    ).toEqual([])
    const page = house.desk.read(systemActor, (reader) =>
      listActivity(reader, { limit: 2000, offset: 0 }),
    )
    const cut = page.rows.filter(({ kind }) => kind === 'ticket.workflow_cut')
    // The change started both rules, and each led to the end.
    expect(cut.map(({ subject }) => subject)).toEqual(['SD-1001', 'SD-1001'])
  })

  test('by the timers that they wind up are cut as well, until somebody else acts', async () => {
    const { triggerKind, graph } = timer('updated')
    const nodes = (from: string, to: string) => {
      const [start, ...others] = flip(from, to).nodes
      return [{ ...start, ...graph.nodes[0] }, ...others] as typeof graph.nodes
    }
    const { edges } = flip('low', 'high')
    await house.add({ triggerKind, name: 'A', graph: { nodes: nodes('low', 'high'), edges } })
    await house.add({ triggerKind, name: 'B', graph: { nodes: nodes('high', 'low'), edges } })
    await house.open({ priority: 'low' })
    const didAct = () => house.rows("SELECT 1 FROM workflow_runs WHERE status = 'completed'").length
    for (let n = 0; n < 40; n++) await house.pass(30 * minuteMs)
    // The new ticket wound both up, and each led to the end.
    expect(didAct()).toBe(16)
    const cuts = () =>
      house.rows("SELECT subject FROM activity WHERE kind = 'ticket.workflow_cut'").length
    expect(cuts()).toBe(2)
    expect(house.rows('SELECT 1 FROM workflow_timers')).toEqual([])
    // A person's change is a beginning, of one chain as only one of them has something to do.
    await write((tx) => updateTicket(tx, 1, { priority: 'high' }))
    for (let n = 0; n < 40; n++) await house.pass(30 * minuteMs)
    expect([didAct(), cuts()]).toEqual([24, 3])
  })
})

describe('what waits for the customer', () => {
  test('so long after creation and after the last change, once for each', async () => {
    await house.add(timer('created'))
    await house.add(timer('updated'))
    await house.open()
    await house.pass(20 * minuteMs)
    await write((tx) => updateTicket(tx, 1, { subject: 'y' }))
    await house.pass(10 * minuteMs)
    expect(notes()).toEqual(['created'])
    await house.pass(20 * minuteMs)
    // The note of the other rule was a change.
    expect(notes()).toEqual(['created'])
    await house.pass(10 * minuteMs)
    expect(notes()).toEqual(['created', 'updated'])
    await house.pass(10 * hourMs)
    expect(notes()).toEqual(['created', 'updated'])
  })

  test('so long without a reply: a reply or the end of the ticket takes it away', async () => {
    await house.add(timer('no_reply'))
    for (const subject of ['waits', 'answered', 'closed', 'noted']) await house.open({ subject })
    await house.pass(10 * minuteMs)
    await write(answer(2, false))
    await write((tx) => closeTicket(tx, 3))
    await write(answer(4, true))
    await house.pass(20 * minuteMs)
    expect(house.rows('SELECT ticket_id AS id FROM workflow_runs ORDER BY id')).toEqual([
      { id: 1 },
      { id: 4 },
    ])
    await write((tx) => postMessage(tx, 2, { body: 'y', direction: 'inbound', isInternal: false }))
    await house.pass(30 * minuteMs)
    expect(house.rows('SELECT ticket_id AS id FROM workflow_runs ORDER BY id')).toHaveLength(3)
    expect(house.rows('SELECT * FROM workflow_timers')).toEqual([])
  })
})

test('a desk without workflows starts no run', async () => {
  const customer = await write((tx) => upsertCustomer(tx, 'a@b.test', undefined))
  await write((tx) => openTicket(tx, { customer }))
  await house.settle()
  expect(house.rows('SELECT count(*) AS n FROM workflow_runs')).toEqual([{ n: 0 }])
})
