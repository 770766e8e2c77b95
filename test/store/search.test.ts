import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createTicket, updateTicket } from '../../src/domain/tickets.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { removeTicket } from '../../src/store/tickets.ts'
import { clientOf, testDesk, type TestDesk } from './fixtures.ts'

let house: TestDesk

beforeEach(async () => {
  house = await testDesk()
})
afterEach(() => house[Symbol.dispose]())

function open(subject: string, body: string): Promise<number> {
  return house.desk.write(systemActor, (tx) => {
    const customer = upsertCustomer(tx, 'ada@example.com', undefined)
    return createTicket(tx, { customer, subject, body, source: 'api' })
  })
}

function say(ticketId: number, body: string): Promise<number> {
  return house.desk.write(
    systemActor,
    (tx) => postMessage(tx, ticketId, { body, isInternal: false, direction: 'outbound' }).id,
  )
}

function sql(text: string, ...values: unknown[]): void {
  clientOf(house.store).prepare(text).run(values)
}

/** The tickets of the messages that a full-text query finds, in order. */
function ticketsFor(query: string): unknown[] {
  return clientOf(house.store)
    .prepare(
      `SELECT DISTINCT ticket_id FROM search JOIN messages ON messages.id = search.rowid
        WHERE search MATCH ? ORDER BY ticket_id`,
    )
    .pluck()
    .all(query)
}

/** Throws when the index does not hold together. */
function checkIndex(): void {
  sql("INSERT INTO search (search, rank) VALUES ('integrity-check', 0)")
}

const rowsIn = (table: string) =>
  clientOf(house.store).prepare(`SELECT count(*) FROM ${table}`).pluck().get()

describe('the full-text index', () => {
  test('finds a ticket by its subject, its opening text and its messages', async () => {
    const id = await open('Printer on fire', 'Smoke everywhere')
    const other = await open('Scanner', 'It hums')
    await say(id, 'Call the brigade')
    for (const word of ['printer', 'smoke', 'brigade']) expect(ticketsFor(word)).toEqual([id])
    expect(ticketsFor('hums')).toEqual([other])
    expect(ticketsFor('subject:smoke')).toEqual([])
    expect(ticketsFor('subject:printer')).toEqual([id])
  })

  test('has the subject once, at the opening message', async () => {
    const id = await open('Printer', 'Smoke')
    await say(id, 'Brigade')
    const found = clientOf(house.store).prepare('SELECT count(*) FROM search WHERE search MATCH ?')
    expect(found.pluck().get('printer')).toBe(1)
  })

  test('follows a change of the subject, and forgets the old one', async () => {
    const id = await open('Printer', 'Smoke')
    await say(id, 'Brigade')
    await house.desk.write(systemActor, (tx) => updateTicket(tx, id, { subject: 'Oven' }))
    expect(['printer', 'oven', 'smoke', 'brigade'].map(ticketsFor)).toEqual([[], [id], [id], [id]])
    checkIndex()
  })

  test('follows a change of a text, of the opening one and of another', async () => {
    const id = await open('Printer', 'Smoke')
    const reply = await say(id, 'Brigade')
    sql('UPDATE messages SET body = ? WHERE is_opening = 1', 'Steam')
    sql('UPDATE messages SET body = ? WHERE id = ?', 'Plumber', reply)
    const words = ['smoke', 'steam', 'brigade', 'plumber', 'printer']
    expect(words.map(ticketsFor)).toEqual([[], [id], [], [id], [id]])
    checkIndex()
  })

  test('forgets a message, and a ticket with all its messages', async () => {
    const id = await open('Printer', 'Smoke')
    const reply = await say(id, 'Brigade')
    const kept = await open('Printer two', 'Smoke')
    sql('DELETE FROM messages WHERE id = ?', reply)
    expect(ticketsFor('brigade')).toEqual([])
    await house.desk.write(systemActor, (tx) => removeTicket(tx.q, id))
    expect(['printer', 'smoke'].map(ticketsFor)).toEqual([[kept], [kept]])
    expect([rowsIn('search'), rowsIn('messages')]).toEqual([1, 1])
    checkIndex()
  })

  test.each([
    ['accents', 'Crème brûlée', 'creme'],
    ['two marks on one letter', 'Tiếng Việt', 'tieng'],
    ['an accent in the query', 'Creme', 'crème'],
    ['case', 'STRASSE', 'strasse'],
    ['Cyrillic case', 'ПРИНТЕР', 'принтер'],
    ['a decomposed accent', 'cafe\u0301', 'café'],
  ])('ignores %s', async (_, subject, query) => {
    const id = await open(subject, 'x')
    expect(ticketsFor(`"${query}"`)).toEqual([id])
  })

  test('keeps a rolled-back ticket out', async () => {
    const lost = house.desk.write(systemActor, (tx) => {
      const customer = upsertCustomer(tx, 'ada@example.com', undefined)
      createTicket(tx, { customer, subject: 'Printer', body: 'Smoke', source: 'api' })
      throw new Error('no')
    })
    await lost.catch(() => {})
    expect([ticketsFor('printer'), rowsIn('search')]).toEqual([[], 0])
    checkIndex()
  })

  test('stores no second copy of the texts', async () => {
    await open('Printer', 'Smoke')
    const shadows = clientOf(house.store)
      .prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'search!_%' ESCAPE '!'")
      .pluck()
      .all()
    expect(shadows).not.toContain('search_content')
    expect(shadows).toContain('search_data')
  })
})
