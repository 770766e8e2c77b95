import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { upsertCustomer, updateCustomer } from '../../src/domain/customers.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { searchFullTickets, searchTickets, type Search } from '../../src/domain/ticketsearch.ts'
import { createTicket, updateTicket, type TicketStatus } from '../../src/domain/tickets.ts'
import { systemActor, type Reader, type Tx } from '../../src/domain/tx.ts'
import { linkAgent } from '../../src/store/agents.ts'
import { insertStaff } from '../../src/store/staff.ts'
import type { TicketFilter } from '../../src/store/ticketlists.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, T0, testDesk, type TestDesk } from '../store/fixtures.ts'
import { traced } from '../store/plans.ts'

const all = { limit: 1000, offset: 0 }

const ascending = (a: number, b: number) => a - b

/** How many, the least and the most. */
const span = (ids: readonly number[]) => [ids.length, Math.min(...ids), Math.max(...ids)]

type Asking = Partial<Omit<Search, 'text'>>

function read<T>({ desk }: TestDesk, job: (reader: Reader) => T): T {
  const results: T[] = []
  desk.read(systemActor, (reader) => void results.push(job(reader)))
  const [result] = results
  if (result === undefined) throw new Error('The job gave nothing')
  return result
}

const found = (house: TestDesk, text: string, asking: Asking = {}) =>
  read(house, (reader) => searchTickets(reader, { text, filter: {}, range: all, ...asking }))

const idsFor = (house: TestDesk, text: string, filter: TicketFilter = {}): number[] =>
  found(house, text, { filter }).rows.map(({ id }) => id)

type Opening = { readonly subject?: string; readonly body?: string; readonly email?: string }

function open(tx: Tx, { subject = 'x', body = 'x', email = 'ada@x.test' }: Opening): number {
  const customer = upsertCustomer(tx, email, undefined)
  return createTicket(tx, { customer, subject, body, source: 'api' })
}

const say = (tx: Tx, id: number, body: string, isInternal = false) =>
  postMessage(tx, id, { body, isInternal, direction: 'outbound' }).id

async function deskOf(openings: readonly Opening[]): Promise<TestDesk> {
  const house = await testDesk()
  for (const opening of openings) {
    house.time.now += 1000
    await house.desk.write(systemActor, (tx) => open(tx, opening))
  }
  return house
}

describe('a search', () => {
  test('finds by subject, by text, by an answer, and by a note', async () => {
    using house = await deskOf([
      { subject: 'Cold kiln' },
      { body: 'My kiln is cold.' },
      {},
      {},
      { subject: 'Other' },
    ])
    await house.desk.write(systemActor, (tx) => [
      say(tx, 3, 'Is the kiln on?'),
      say(tx, 4, 'A kiln again', true),
    ])
    expect(idsFor(house, 'kiln').toSorted(ascending)).toEqual([1, 2, 3, 4])
  })

  test('finds what has every word in one message', async () => {
    using house = await deskOf([
      { subject: 'Kiln', body: 'glaze' },
      { subject: 'Kiln' },
      { body: 'The glaze' },
      { body: 'kiln, glaze' },
    ])
    await house.desk.write(systemActor, (tx) => say(tx, 2, 'glaze'))
    expect(idsFor(house, 'GLAZE kiln').toSorted(ascending)).toEqual([1, 4])
  })

  test('puts the subject first, then what has it often, then the newest', async () => {
    using house = await deskOf([
      { subject: 'Kiln' },
      { body: 'kiln and so on' },
      { body: 'kiln kiln kiln' },
      { body: 'kiln and so on' },
    ])
    expect(idsFor(house, 'kiln')).toEqual([1, 3, 4, 2])
  })

  test('puts a ticket with more messages that match before one with fewer', async () => {
    using house = await deskOf([{ body: 'kiln it is' }, { body: 'kiln it is' }])
    await house.desk.write(systemActor, (tx) => say(tx, 1, 'kiln it is'))
    expect(idsFor(house, 'kiln')).toEqual([1, 2])
  })

  test.each<[string, number[]]>([
    ['invoic', [1, 2]],
    ['invoice', [1, 2]],
    ['invoices', [2]],
    ['in', []],
    ['invoic wrong', []],
    ['wrong invoic', [1]],
  ])('takes the last word as a beginning, from three characters: %s', async (text, ids) => {
    using house = await deskOf([{ subject: 'Invoice, wrong' }, { subject: 'Invoices' }])
    expect(idsFor(house, text).toSorted(ascending)).toEqual(ids)
  })

  test.each<[string, number[]]>([
    ['E-07', [1]],
    ['e.07 shows', [1]],
    ['crème', [2]],
    ['CREME', [2]],
    ['печь', [3]],
    ['" OR kiln', []],
    ['kiln* AND (NEAR', []],
  ])('takes signs for what stands between words: %s', async (text, ids) => {
    using house = await deskOf([
      { body: 'It shows E-07, not 07 E' },
      { body: 'Crème' },
      { body: 'Холодная ПЕЧЬ' },
      { body: '07 is e' },
    ])
    expect(idsFor(house, text)).toEqual(ids)
  })

  test.each(['', ' ', '-', '"*" ^', '\u0000', '\ud800', '😀', '%', "';--"])(
    'finds nothing by a text without a word: %j',
    async (text) => {
      using house = await deskOf([{ subject: text, body: 'kiln' }])
      expect(found(house, text)).toMatchObject({ rows: [], total: 0 })
    },
  )

  test('finds by the name, the address and the company of a customer', async () => {
    using house = await deskOf([
      { email: 'ada@kilnworks.test' },
      { email: 'bo@x.test' },
      { subject: 'Ada' },
    ])
    await house.desk.write(systemActor, (tx) =>
      updateCustomer(tx, 2, { name: 'Bo Berg', company: 'Glaze & Sons' }),
    )
    expect(idsFor(house, 'ada@kilnworks.test')).toEqual([1])
    expect(idsFor(house, 'berg bo')).toEqual([2])
    expect(idsFor(house, 'glaze sons')).toEqual([2])
    expect(idsFor(house, 'bo kilnworks')).toEqual([])
    // A subject and a customer weigh the same; the newer comes first.
    expect(idsFor(house, 'ada')).toEqual([3, 1])
  })

  test('finds a ticket by its reference, before all that has its parts', async () => {
    using house = await deskOf([{}, { subject: 'About SD-1001' }])
    for (const text of ['SD-1001', 'sd-1001', ' #SD-1001 '])
      expect(idsFor(house, text)).toEqual([1, 2])
    expect(idsFor(house, 'SD-1001', { statuses: ['closed'] })).toEqual([])
  })

  test('forgets a text that was changed, and a ticket that is gone', async () => {
    using house = await deskOf([{ subject: 'Kiln' }, { subject: 'Kiln' }])
    await house.desk.write(systemActor, (tx) => updateTicket(tx, 1, { subject: 'Oven' }))
    expect(idsFor(house, 'kiln')).toEqual([2])
    clientOf(house.store).exec('DELETE FROM tickets WHERE id = 2')
    expect(idsFor(house, 'kiln')).toEqual([])
    expect(idsFor(house, 'oven')).toEqual([1])
  })

  test('pages what it ranked, looking at no message that came later', async () => {
    using house = await deskOf(Array.from({ length: 7 }, () => ({ body: 'kiln' })))
    const first = found(house, 'kiln', { range: { limit: 3, offset: 0 } })
    await house.desk.write(systemActor, (tx) => open(tx, { subject: 'Kiln' }))
    const { upTo } = first
    const second = found(house, 'kiln', { upTo, range: { limit: 3, offset: 3 } })
    const ids = [first, second].map(({ rows, total }) => [rows.map(({ id }) => id), total])
    expect(ids).toEqual([
      [[7, 6, 5], 7],
      [[4, 3, 2], 7],
    ])
    expect(found(house, 'kiln', { range: { limit: 3, offset: 99 } })).toMatchObject({
      rows: [],
      total: 8,
    })
  })

  test('shows the same tickets whole', async () => {
    using house = await deskOf([{ subject: 'Kiln' }, { body: 'kiln' }])
    const full = read(house, (reader) =>
      searchFullTickets(reader, { text: 'kiln', filter: {}, range: all }),
    )
    expect(full.rows.map(({ id, content }) => [id, content])).toEqual([
      [1, 'x'],
      [2, 'kiln'],
    ])
  })
})

/** What a naive reader knows of a ticket. */
type Model = {
  readonly id: number
  readonly texts: string[][]
  readonly status: TicketStatus
  readonly customer: number
  readonly departmentId: number | null
  readonly assignedTo: number | null
  readonly agents: readonly number[]
}

const vocabulary = ['kiln', 'glaze', 'clay', 'wheel', 'cone', 'slip', 'frit', 'ash']
const ticketsMade = 260

describe('against a naive reader', () => {
  let house: TestDesk
  let models: Model[]
  const random = seeded(11)
  const oneOf = <T>(items: readonly T[], otherwise: T): T =>
    items[random.between(0, items.length - 1)] ?? otherwise
  const text = () => Array.from({ length: random.between(1, 4) }, () => oneOf(vocabulary, 'kiln'))

  beforeAll(async () => {
    house = await testDesk()
    models = await house.desk.write(systemActor, (tx) => {
      for (const uid of ['s2', 's3', 's4']) {
        insertStaff(tx.q, { uid, role: 'agent', name: uid, createdAt: T0, updatedAt: T0 })
      }
      return Array.from({ length: ticketsMade }, () => ticket(tx))
    })
    clientOf(house.store).exec(`
      INSERT INTO departments (name, created_at, updated_at) VALUES ('a', 0, 0), ('b', 0, 0)`)
    const set = clientOf(house.store).prepare(
      'UPDATE tickets SET status = ?, department_id = ?, assigned_to = ? WHERE id = ?',
    )
    for (const { id, status, departmentId, assignedTo } of models) {
      set.run(status, departmentId, assignedTo, id)
    }
  })
  afterAll(() => house[Symbol.dispose]())

  /** Agent 4 has few tickets, 2 and 3 many; so has customer 1 against the others. */
  function ticket(tx: Tx): Model {
    const customer = random.chance(0.7) ? 1 : random.between(2, 6)
    const [subject, body] = [text(), text()]
    const id = open(tx, {
      subject: subject.join(' '),
      body: body.join(', '),
      email: `c${customer}@x.test`,
    })
    const answers = Array.from({ length: random.between(0, 3) }, text)
    for (const answer of answers) say(tx, id, answer.join(' '), random.chance(0.2))
    const agents = [2, 3, 4].filter((agent) => random.chance(agent === 4 ? 0.1 : 0.6))
    for (const agent of agents) linkAgent(tx.q, { id, createdAt: tx.now }, agent)
    return {
      id,
      texts: [[...subject, ...body], ...answers],
      status: oneOf(['open', 'closed', 'solved'], 'open'),
      customer,
      departmentId: oneOf([null, 1, 2], null),
      assignedTo: oneOf([null, 2, 3], null),
      agents,
    }
  }

  const byDepartment = { departmentIds: [1], isUnassignedOnly: true }
  const filters: readonly TicketFilter[] = [
    {},
    { statuses: ['open'] },
    { statuses: ['closed', 'solved'], departmentId: 1 },
    { customerId: 3 },
    { customerId: 1, statuses: ['solved'] },
    { assignedTo: 2 },
    { agentId: 4 },
    { agentId: 4, byDepartment },
    { agentId: 4, departmentId: 2, byDepartment },
    {
      agentId: 4,
      departmentId: 2,
      byDepartment: { departmentIds: [1, 2], isUnassignedOnly: true },
    },
    { agentId: 2 },
    { agentId: 2, byDepartment: { ...byDepartment, isUnassignedOnly: false } },
    { agentId: 99 },
  ]

  function isReached(model: Model, filter: TicketFilter): boolean {
    const { agentId, byDepartment: reach } = filter
    if (agentId === undefined || model.agents.includes(agentId)) return true
    const { departmentId, assignedTo } = model
    if (!reach || departmentId === null || !reach.departmentIds.includes(departmentId)) return false
    return assignedTo === null || !reach.isUnassignedOnly
  }

  function fits(model: Model, filter: TicketFilter, words: readonly string[]): boolean {
    const { statuses = [], departmentId, customerId, assignedTo } = filter
    return (
      model.texts.some((one) => words.every((word) => one.includes(word))) &&
      (statuses.length === 0 || statuses.includes(model.status)) &&
      (departmentId === undefined || model.departmentId === departmentId) &&
      (customerId === undefined || model.customer === customerOf(customerId)) &&
      (assignedTo === undefined || model.assignedTo === assignedTo) &&
      isReached(model, filter)
    )
  }

  function customerOf(id: number): number {
    const email = clientOf(house.store).prepare('SELECT email FROM customers WHERE id = ?').pluck()
    return Number(/\d+/.exec(String(email.get(id)))?.[0])
  }

  test.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
    '%s: finds every ticket in reach that has the words, and no other',
    (_, filter) => {
      let sum = 0
      for (let n = 0; n < 40; n++) {
        const words = Array.from({ length: random.between(1, 3) }, () => oneOf(vocabulary, 'kiln'))
        const expected = models.filter((model) => fits(model, filter, words)).map(({ id }) => id)
        const { rows, total } = found(house, words.join(' '), { filter })
        expect([total, rows.map(({ id }) => id).toSorted(ascending)]).toEqual([
          expected.length,
          expected,
        ])
        sum += total
      }
      expect(sum > 0).toBe(filter.agentId !== 99)
    },
  )
})

describe('the cap', () => {
  let house: TestDesk

  /** 3000 tickets with a common word each; those of every tenth are closed, the first two are Bo's. */
  beforeAll(async () => {
    house = await testDesk()
    await house.desk.write(systemActor, (tx) => {
      upsertCustomer(tx, 'ada@x.test', undefined)
      upsertCustomer(tx, 'bo@x.test', undefined)
    })
    clientOf(house.store).exec(`
      WITH RECURSIVE serial (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM serial WHERE n < 3000)
      INSERT INTO tickets (id, uid, reference, subject, source, status, customer_id, created_at,
        updated_at)
      SELECT n, 't' || n, 'SD-' || n, 'Subject', 'api', iif(n % 10 = 0, 'closed', 'open'),
        iif(n <= 2, 2, 1), n, n FROM serial;
      INSERT INTO messages (id, uid, ticket_id, sender_kind, is_opening, body, created_at, updated_at)
      SELECT id, uid, id, 'customer', 1,
        'common' || iif(id = 1, ' rare', '') || iif(id % 2, ' odd', ' even'), id, id FROM tickets;
      INSERT INTO search (rowid, subject, body)
      SELECT id, 'Subject', body FROM messages;
      UPDATE counters SET value = 3000 WHERE name = 'ticket'`)
  })
  afterAll(() => house[Symbol.dispose]())

  test('of a common word the newest 400 messages are ranked', () => {
    expect(span(idsFor(house, 'common'))).toEqual([400, 2601, 3000])
  })

  test('a filter looks through the newest 1500 matches', () => {
    expect(span(idsFor(house, 'common', { statuses: ['closed'] }))).toEqual([150, 1510, 3000])
  })

  test('a rare word is found however old, beside a common one and alone', () => {
    for (const text of ['rare', 'common rare', 'rare common odd']) {
      expect(idsFor(house, text)).toEqual([1])
    }
  })

  test('words that never meet are looked for in the newest of one of them only', () => {
    expect(idsFor(house, 'odd even')).toEqual([])
  })

  test('the few tickets of a customer are all looked at', () => {
    expect(idsFor(house, 'common', { customerId: 2 })).toEqual([2, 1])
    expect(idsFor(house, 'common even', { customerId: 2 })).toEqual([2])
  })

  test('what is read is bounded in bytes, the newest first', async () => {
    const long = 'padding '.repeat(16_000)
    await house.desk.write(systemActor, (tx) => {
      for (let n = 0; n < 9; n++) open(tx, { body: `${n === 0 ? 'oldest ' : ''}bulky ${long}` })
    })
    expect(span(idsFor(house, 'bulky'))).toEqual([6, 3004, 3009])
    expect(idsFor(house, 'oldest bulky')).toEqual([3001])
  })

  test('no step goes through more than it asks for', () => {
    const searches: readonly [string, TicketFilter][] = [
      ['common', {}],
      ['common odd', { statuses: ['open', 'closed'], priority: 'low' }],
      ['ada', { statuses: ['open'], departmentId: 1 }],
      ['SD-17', { agentId: 1, assignedTo: 2 }],
      ['common', { agentId: 1, byDepartment: { departmentIds: [1], isUnassignedOnly: true } }],
      ['common', { customerId: 2, statuses: ['open'] }],
    ]
    for (const [text, filter] of searches) {
      const asked = traced(house.store, (reader) =>
        searchTickets(reader, { text, filter, range: { limit: 20, offset: 0 } }),
      )
      const steps = asked.flatMap(({ plan }) => plan)
      const scans = steps.filter((step) =>
        /^SCAN (?!hit|page|person|json_each|CONSTANT|\()/.test(step),
      )
      expect(scans.filter((step) => !/^SCAN \w+ VIRTUAL TABLE INDEX/.test(step))).toEqual([])
      const byState = steps.filter((step) => /INDEX tickets_(?:status|priority)/.test(step))
      expect(byState).toEqual([])
      expect(asked.filter(({ sql }) => /bm25|rank\b/.test(sql))).toEqual([])
      expect(asked.length).toBeGreaterThan(3)
    }
  })
})
