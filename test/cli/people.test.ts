import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createTicket } from '../../src/domain/tickets.ts'
import { systemActor } from '../../src/domain/tx.ts'
import { clientOf, modeOf, openStore, tempFolder, testDesk } from '../store/fixtures.ts'
import { deskbox } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>
let data = ''

beforeEach(async () => {
  folder = tempFolder('cli-people')
  data = join(folder.path, 'data')
  using house = await testDesk(openStore(data).store)
  await house.desk.write(systemActor, (tx) => {
    const customer = upsertCustomer(tx, 'mara@northwind.example', 'Maraqlind')
    createTicket(tx, { customer, subject: 'wobblyqsubject', body: 'burnedqfingers', source: 'api' })
  })
})
afterEach(() => folder[Symbol.dispose]())

const cli = (...args: string[]) => deskbox(folder.path, args)

function events(type: string): unknown[] {
  using opened = openStore(data)
  return clientOf(opened.store).prepare('SELECT type FROM events WHERE type = ?').all(type)
}

const inFile = (word: string) => readFileSync(join(data, 'deskbox.db')).includes(word)

/** What two exports of one desk may differ in, taken out. */
function unlike(text: string): string {
  return text.replace(/"createdAt":"[^"]*"|"sha256":"[^"]*"/g, '')
}

describe('deskbox export', () => {
  test('--customer gives everything that is held on one, and tells of it', async () => {
    const { code, out, err } = await cli('export', '--customer', 'MARA@northwind.example')
    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toMatchObject({
      customer: { name: 'Maraqlind', is_vip: false, tags: [] },
      records: {
        tickets: [{ subject: 'wobblyqsubject' }],
        messages: [{ body: 'burnedqfingers', is_opening: true }],
      },
    })
    expect(events('customer.exported')).toHaveLength(1)
  })

  test('writes a desk that import makes again, beside a running server', async () => {
    {
      using running = openStore(data)
      expect(await cli('export', 'desk.jsonl')).toEqual({
        code: 0,
        out: expect.stringMatching(/^Wrote desk.jsonl: \d+ lines, 0.\d MB$/),
        err: '',
      })
      expect(running.faults).toEqual([])
    }
    expect(modeOf(join(folder.path, 'desk.jsonl'))).toBe(0o600)
    const { code, out } = await cli('import', 'desk.jsonl', '--data', 'copy')
    expect(code).toBe(0)
    expect(out).toMatch(/^ +1 {2}tickets$/m)
    const held = await cli('export', '--customer', 'mara@northwind.example', '--data', 'copy')
    expect(held.out).toContain('burnedqfingers')
    expect((await cli('import', 'desk.jsonl', '--data', 'copy')).err).toContain(
      'There is a desk in',
    )
  })

  test('to the terminal is the same as into a file', async () => {
    const { out } = await cli('export')
    await cli('export', 'desk.jsonl')
    expect(unlike(readFileSync(join(folder.path, 'desk.jsonl'), 'utf8'))).toBe(unlike(`${out}\n`))
  })
})

describe('deskbox erase', () => {
  const whom = ['--customer', 'mara@northwind.example'] as const

  test('counts first, and erases nothing', async () => {
    const { code, out } = await cli('erase', ...whom)
    expect(code).toBe(0)
    expect(out).toStartWith('Nothing was erased.')
    expect(out).toMatch(/^ +1 {2}messages$/m)
    expect(inFile('burnedqfingers')).toBe(true)
    expect(events('customer.erased')).toEqual([])
  })

  test('--yes erases, beside a running server, and names the copies made before', async () => {
    await cli('backup')
    using running = openStore(data)
    const { code, out } = await cli('erase', ...whom, '--yes')
    expect(code).toBe(0)
    expect(out).toMatch(
      /^Erased mara@northwind\.example, who is cust_\w{26} \(1\) from now on, at /,
    )
    expect(out).toMatch(/^ +1 {2}messages$/m)
    expect(out).toMatch(/^Made before, and still with the customer in it: .*deskbox-\w+\.tar$/m)
    for (const word of ['burnedqfingers', 'wobblyqsubject', 'Maraqlind']) {
      expect([word, inFile(word)]).toEqual([word, false])
    }
    const log = readFileSync(join(data, 'deskbox.db-wal'))
    expect(log.includes('burnedqfingers')).toBe(false)
    expect(running.faults).toEqual([])
  })

  test('gives programs the receipt', async () => {
    const { out } = await cli('erase', ...whom, '--yes', '--json')
    expect(JSON.parse(out)).toMatchObject({
      customerId: 1,
      customerUid: expect.stringMatching(/^cust_/),
      counts: { tickets: 1, messages: 1, customers: 1 },
      isLogEmptied: true,
      copies: [],
    })
  })
})

test.each([
  [['erase'], 2, '--customer must say whom to erase'],
  [['erase', 'x', '--customer', 'a@b.c'], 2, 'erase takes no arguments'],
  [['erase', '--customer', 'nobody@example.com', '--yes'], 1, 'There is no customer nobody@'],
  [['export', '--customer', 'nobody@example.com'], 1, 'There is no customer nobody@'],
  [['export', '--data', 'nowhere'], 1, 'There is no desk in'],
  [['import'], 2, 'import needs the file of an export'],
  [['import', 'no.jsonl', '--data', 'new'], 1, 'There is no file'],
  [['import', 'letter.jsonl', '--data', 'new'], 1, 'is damaged in line 1'],
])('%j is refused with %p', async (args, code, why) => {
  writeFileSync(join(folder.path, 'letter.jsonl'), 'dear all\n')
  const ran = await cli(...args)
  expect([ran.code, ran.out]).toEqual([code, ''])
  expect(ran.err).toContain(why)
})
