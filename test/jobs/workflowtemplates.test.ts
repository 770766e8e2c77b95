import { afterEach, beforeEach, expect, test } from 'bun:test'
import { updateCustomer, upsertCustomer } from '../../src/domain/customers.ts'
import { graphFaults } from '../../src/domain/graphchecks.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { triggerKindOf } from '../../src/domain/workflowplan.ts'
import { createWorkflow } from '../../src/domain/workflows.ts'
import { workflowTemplates } from '../../src/domain/workflowtemplates.ts'
import { dayMs, hourMs } from '../../src/lib/time.ts'
import { workflowHouse, type WorkflowHouse } from '../support/workflows.ts'

// Every ready workflow is made as it is, switched on, and does what it says; T0 is a Monday, 8:15 in UTC.

let house: WorkflowHouse

beforeEach(async () => {
  house = await workflowHouse()
})
afterEach(() => house[Symbol.dispose]())

function write<T>(job: (tx: Tx) => T): Promise<T> {
  return house.desk.write(systemActor, job as (tx: Tx) => never)
}

/** Switches a template on, just as it is. */
async function use(id: string): Promise<void> {
  const template = workflowTemplates.find((one) => one.id === id)
  if (!template) throw new Error(`There is no template ${id}`)
  const { name, triggerType, autonomyLevel, graph } = template
  const fields = { name, triggerType, autonomyLevel, graph, isActive: true }
  await write((tx) => createWorkflow(tx, fields, ''))
}

/** Opens a ticket and lets everything happen. */
async function open(fields: Parameters<WorkflowHouse['open']>[0] = {}): Promise<void> {
  await house.open(fields)
  await house.settle()
}

type Ticket = { status: string; priority: string; tags: string | null }

function tickets(): Ticket[] {
  return house.rows(`SELECT status, priority,
    (SELECT group_concat(name) FROM ticket_labels JOIN labels ON labels.id = label_id
      WHERE ticket_id = tickets.id) AS tags FROM tickets ORDER BY id`)
}

const said = (isInternal: 0 | 1) =>
  house
    .rows<{ body: string }>(
      `SELECT body FROM messages WHERE is_opening = 0 AND sender_kind <> 'customer'
        AND is_internal = ${isInternal} ORDER BY id`,
    )
    .map(({ body }) => body)

const runs = () =>
  house
    .rows<{ status: string }>('SELECT status FROM workflow_runs ORDER BY id')
    .map(({ status }) => status)

test('there are eight, each good as it is, under ids and names of their own', () => {
  expect(workflowTemplates).toHaveLength(8)
  expect(new Set(workflowTemplates.map(({ id }) => id)).size).toBe(8)
  expect(new Set(workflowTemplates.map(({ name }) => name)).size).toBe(8)
  for (const { graph, triggerType, id } of workflowTemplates) {
    expect([id, graphFaults(graph, triggerKindOf(triggerType))]).toEqual([id, []])
  }
})

test('VIP routing', async () => {
  await use('vip_routing')
  await open()
  await write((tx) =>
    updateCustomer(tx, upsertCustomer(tx, 'mara@example.com', undefined).id, { isVip: true }),
  )
  await open()
  expect(tickets()).toEqual([
    { status: 'open', priority: 'medium', tags: null },
    { status: 'open', priority: 'urgent', tags: 'vip' },
  ])
  expect(said(1)).toEqual(['Mara Lind (mara@example.com) is a VIP. Please answer first.'])
  expect(runs()).toEqual(['skipped', 'completed'])
})

test('Acknowledge, and close after 7 quiet days', async () => {
  await use('acknowledge_and_close')
  await open()
  await open()
  expect(said(0)).toEqual(
    Array.from({ length: 2 }, () => expect.stringContaining('we have received “Printer on fire”')),
  )
  await house.pass(6 * dayMs)
  await write((tx) => postMessage(tx, 2, { body: 'And?', isInternal: false, direction: 'inbound' }))
  await house.pass(dayMs)
  expect(tickets().map(({ status }) => status)).toEqual(['closed', 'open'])
  expect(said(0).filter((body) => body.includes('so we close this ticket'))).toHaveLength(1)
  expect(runs()).toEqual(['completed', 'completed'])
})

test('Keyword escalation', async () => {
  await use('keyword_escalation')
  await open({ subject: 'Illegally parked', body: 'A drawyer' })
  await open({ body: 'I want a REFUND.' })
  await open({ subject: 'My lawyer', body: 'says hello' })
  expect(tickets().map(({ priority, tags }) => [priority, tags])).toEqual([
    ['medium', null],
    ['urgent', 'escalated'],
    ['urgent', 'escalated'],
  ])
})

test('Weekend notice', async () => {
  await use('weekend_notice')
  await open()
  expect(said(0)).toEqual([])
  await house.pass(5 * dayMs)
  await open()
  expect(said(0)).toEqual([expect.stringContaining('back on Monday')])
  await house.pass(2 * dayMs)
  await open()
  expect(said(0)).toHaveLength(1)
})

test('SLA warning', async () => {
  await use('sla_warning')
  await open()
  await open()
  await house.pass(hourMs)
  await write((tx) => postMessage(tx, 2, { body: 'Hi', isInternal: false, direction: 'outbound' }))
  await house.pass(2 * hourMs)
  expect(tickets().map(({ tags }) => tags)).toEqual([null, null])
  await house.pass(hourMs)
  expect(tickets().map(({ priority, tags }) => [priority, tags])).toEqual([
    ['high', 'sla-risk'],
    ['medium', null],
  ])
  expect(said(1)).toEqual(['Mara Lind has waited four hours for an answer.'])
})

test('Weekly digest by webhook', async () => {
  await use('weekly_digest')
  await house.pass(6 * dayMs)
  expect(house.calls).toEqual([])
  await house.pass(dayMs - hourMs)
  await house.pass(hourMs)
  expect(house.calls).toMatchObject([
    {
      type: 'send_webhook',
      config: {
        url: 'https://example.com/weekly-digest',
        method: 'POST',
        body: { event: 'weekly_digest', plannedAt: '2026-05-11T08:00:00Z' },
      },
    },
  ])
})

test('Tag by domain', async () => {
  await use('tag_by_domain')
  await open()
  await open({ customer: await write((tx) => upsertCustomer(tx, 'bo@shop.test', undefined)) })
  expect(tickets().map(({ tags }) => tags)).toEqual(['example.com', null])
})

test('AI draft for approval', async () => {
  await use('ai_draft')
  house.rules.autonomy = { level: 5, sensitive: [] }
  const draft = { value: 'Use the extinguisher.', isFromModel: true }
  house.outcomes.push({ result: {}, variable: draft })
  await open()
  expect(house.calls).toMatchObject([{ type: 'generate_ai_response' }])
  expect(said(0)).toEqual([])
  expect(house.rows('SELECT draft, status FROM approvals')).toEqual([
    { draft: 'Use the extinguisher.', status: 'pending' },
  ])
  expect(runs()).toEqual(['waiting'])
})
