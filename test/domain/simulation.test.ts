import { afterAll, beforeAll, expect, test } from 'bun:test'
import { simulateWorkflow } from '../../src/domain/simulation.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { minuteMs } from '../../src/lib/time.ts'
import { T0 } from '../store/fixtures.ts'
import { line, openTicket, workflowHouse, type WorkflowHouse } from '../support/workflows.ts'

const rules = {
  autonomy: { level: 2, sensitive: [] },
  timezone: 'UTC',
  triggerType: 'ticket_created',
  resultsMost: 10,
}

const graph = line(
  { condition: [{ field: 'ticket.subject', operator: 'ends_with', value: '7' }] },
  { delay: 5 },
  { action: 'set_priority', config: { priority: 'urgent' } },
  { action: 'add_tags', config: { tags: ['hot'] } },
  { condition: [{ field: 'ticket.tags', operator: 'contains', value: 'hot' }] },
  { action: 'generate_ai_response', config: { promptTemplate: 'x', saveAs: 'draft' } },
  { action: 'send_reply', config: { content: 'Dear {{customer.name}} {{variables.draft}}' } },
)

const tags = (tag: string) => ({ action: 'add_tags', config: { tags: ['x', tag] } })

let house: WorkflowHouse

beforeAll(async () => {
  house = await workflowHouse()
  for (let n = 0; n < 2000; n++) {
    if (n % 500 === 0) {
      await house.desk.write(systemActor, () => undefined)
      house.time.now += minuteMs
    }
    void house.desk.write(systemActor, (tx) => openTicket(tx, { subject: `Ticket ${n}` }))
  }
  await house.desk.write(systemActor, () => undefined)
})
afterAll(() => house[Symbol.dispose]())

test('says which tickets would match, the way, and what would change, and does nothing', async () => {
  const before = house.store.snapshot()
  const found = await simulateWorkflow(house.desk, graph, { last: 100 }, rules)
  expect([found.tickets, found.matched, found.results.length]).toEqual([100, 10, 10])
  expect(found.visits).toEqual({
    n0: 100,
    n1: 100,
    end: 100,
    n2: 10,
    n3: 10,
    n4: 10,
    n5: 10,
    n6: 10,
    n7: 10,
  })
  const [newest] = found.results
  expect(newest?.reference).toBe('SD-2998')
  expect(newest?.path.map(({ nodeId, kind, held, asks }) => [nodeId, kind, held ?? asks])).toEqual([
    ['n1', 'condition', true],
    ['n2', 'delay', undefined],
    ['n3', 'action', false],
    ['n4', 'action', false],
    ['n5', 'condition', true],
    ['n6', 'action', false],
    // At this level a person is asked.
    ['n7', 'action', true],
  ])
  expect(newest?.changes).toEqual([
    { field: 'priority', from: 'medium', to: 'urgent' },
    { field: 'tags', from: [], to: ['hot'] },
  ])
  expect(newest?.sends.map(({ action }) => action)).toEqual(['generate_ai_response', 'send_reply'])
  expect(house.store.snapshot().equals(before)).toBe(true)
})

test('says that a person would be asked wherever a part of what a model finds is put', async () => {
  const classify = { action: 'classify_ticket', config: {} }
  const { results } = await simulateWorkflow(
    house.desk,
    line(classify, tags('{{variables.classification.category}}'), tags('{{ticket.priority}}')),
    { last: 1 },
    rules,
  )
  expect(results[0]?.path.map(({ asks }) => asks)).toEqual([false, true, false])
})

test('takes the tickets of a span, and no more than there are', async () => {
  const span = { from: T0 + 2 * minuteMs, to: T0 + 4 * minuteMs }
  expect((await simulateWorkflow(house.desk, graph, span, rules)).tickets).toBe(1000)
  expect((await simulateWorkflow(house.desk, graph, { last: 9999 }, rules)).tickets).toBe(2000)
  expect((await simulateWorkflow(house.desk, graph, { from: 0, to: 1 }, rules)).tickets).toBe(0)
})

/** How often others got their turn while `work` went on. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let isDone = false
  const watch = () => {
    turns += 1
    if (!isDone) setImmediate(watch)
  }
  setImmediate(watch)
  await work()
  isDone = true
  return turns
}

test('lets others go on after every few tickets, and is quick', async () => {
  const begun = process.cpuUsage()
  const turns = await turnsDuring(async () => {
    for (let n = 0; n < 5; n++) await simulateWorkflow(house.desk, graph, { last: 2000 }, rules)
  })
  const { user, system } = process.cpuUsage(begun)
  expect(turns).toBeGreaterThanOrEqual(10_000 / 50)
  // Ten thousand tickets in three seconds, where nobody else wants the processor.
  expect((user + system) / 1000).toBeLessThan(6000)
})

test('lets others go on after each ticket on which it tries a pattern', async () => {
  const pattern = { field: 'ticket.subject', operator: 'matches_regex', value: '7$' }
  const tries = line({ condition: [pattern] }, { action: 'add_tags', config: { tags: ['x'] } })
  const turns = await turnsDuring(async () => {
    const found = await simulateWorkflow(house.desk, tries, { last: 300 }, rules)
    expect([found.tickets, found.matched]).toEqual([300, 30])
  })
  expect(turns).toBeGreaterThanOrEqual(300)
})
