import { describe, expect, test } from 'bun:test'
import { expectCommonHeaders } from '../support/contract.ts'
import type { TestApp } from '../support/harness.ts'
import { expectDocumented } from '../support/openapi.ts'
import { call, type Answered, type Sending } from '../support/send.ts'
import { bodyOf, fieldsOf, lineOf, openDesk, servedRows, writes, type Served } from './writes.ts'

// Whatever comes in, the answer is the contract's, never a 5xx, and a refusal leaves nothing behind.

function bytes(...parts: readonly (string | number)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))),
  )
}

/** Bodies that are no JSON object that could be given back as it came. */
const unreadable: { readonly [name: string]: string | Uint8Array } = {
  'half an object': '{"subject":',
  'a comma too many': '{"subject":"x",}',
  'single quotes': "{'subject':'x'}",
  'a comment': '{} // x',
  'two objects': '{}{}',
  blanks: '  ',
  'an array': '[{"subject":"x"}]',
  'a string': '"subject"',
  'a number': '5',
  'a number past all numbers': '1e400',
  null: 'null',
  true: 'true',
  NaN: '{"subject":NaN}',
  '400 KB of [': '['.repeat(400_000),
  '400 KB of {"a":': '{"a":'.repeat(66_000),
  'a raw control character': '{"subject":"a\u0001b"}',
  'invalid UTF-8': bytes('{"subject":"', 0xff, '"}'),
  'an overlong encoding': bytes('{"subject":"', 0xc0, 0x80, '"}'),
  'an encoded surrogate': bytes('{"subject":"', 0xed, 0xa0, 0x80, '"}'),
  'UTF-16': bytes(0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00),
  'a lone high surrogate': '{"subject":"\\ud83d"}',
  'a lone low surrogate': '{"subject":"\\ude00x"}',
  'a lone surrogate as a name': '{"\\uD800":1}',
  'a lone surrogate deep inside': '{"tags":[{"a":["\\udfff"]}]}',
}

/** Whether a body is JSON that could be given back as it came, if not an object. */
function isJson(body: string | Uint8Array): boolean {
  if (typeof body !== 'string' || body.includes('\\u')) return false
  try {
    JSON.parse(body)
    return true
  } catch {
    return false
  }
}

const malformed = {
  keva: { status: 400, body: { error: 'Invalid JSON body' } },
  deskhive: { status: 400, body: { message: 'Malformed JSON body' } },
}

async function send(app: TestApp, row: Served, sending: Sending): Promise<Answered> {
  const answer = await call(app, lineOf(row), { key: row.key, ...sending })
  await expectSound(answer)
  return answer
}

/** In the document's shape, with all headers, and no fault of ours. */
async function expectSound(answer: Answered): Promise<void> {
  expect([answer.status, answer.status < 500]).toEqual([answer.status, true])
  expectCommonHeaders(answer)
  await expectDocumented(answer.request, answer)
}

for (const row of writes) {
  describe(`${row.name} with a body that cannot be read`, () => {
    test('is 400 and changes nothing', async () => {
      using app = await openDesk()
      const rows = app.dump()
      for (const [what, body] of Object.entries(unreadable)) {
        if (row.endpoint.method !== 'GET' && row.endpoint.takesAnyJson && isJson(body)) continue
        const { status, body: reply } = await send(app, row, { body })
        expect({ what, status, body: reply }).toEqual({ what, ...malformed[row.dialect] })
      }
      expect(app.changedSince(rows)).toEqual([])
    })

    test('of another media type is 400 and changes nothing', async () => {
      using app = await openDesk()
      const rows = app.dump()
      const body = JSON.stringify(bodyOf(row))
      const form = ['application/x-www-form-urlencoded']
      const types = ['text/plain', 'application/xml', 'json', 'application/jsonp', 'text/json']
      for (const type of row.dialect === 'keva' ? [...types, ...form] : types) {
        const { status } = await send(app, row, { body, headers: { 'content-type': type } })
        expect([type, status]).toEqual([type, 400])
      }
      const noBoundary = { 'content-type': 'multipart/form-data' }
      expect((await send(app, row, { body, headers: noBoundary })).status).toBe(400)
      expect(app.changedSince(rows)).toEqual([])
    })

    test('of more than a megabyte is refused and changes nothing', async () => {
      using app = await openDesk()
      const rows = app.dump()
      const body = JSON.stringify({ ...bodyOf(row), x: 'y'.repeat(1024 * 1024) })
      const { status } = await send(app, row, { body })
      expect(status).toBe(row.dialect === 'keva' ? 400 : 413)
      const declared = { 'content-length': '99999999999' }
      expect((await send(app, row, { body, headers: declared })).status).toBe(status)
      expect(app.changedSince(rows)).toEqual([])
    })
  })

  test(`${row.name} takes JSON by any of its media types, and by none`, async () => {
    for (const type of [
      'application/json; charset=utf-8',
      'Application/JSON',
      'application/x+json',
      '',
    ]) {
      using app = await openDesk()
      const body = new TextEncoder().encode(JSON.stringify(bodyOf(row)))
      const { status } = await send(app, row, { body, headers: { 'content-type': type } })
      expect([type, status < 300]).toEqual([type, true])
    }
  })
}

const anything: readonly unknown[] = [
  null,
  '',
  ' ',
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  -(2 ** 64),
  true,
  false,
  [],
  [[]],
  [null],
  [{}],
  {},
  { $ne: 1 },
  { toString: 1 },
  'x',
  "'; DROP TABLE tickets; --",
  '\u0000',
  '\u0000'.repeat(600),
  'x'.repeat(70_000),
  Array.from({ length: 2000 }, (_, at) => at),
  '9999-12-31T23:59:59Z',
  '-1',
  '1e3',
  '__proto__',
]

/** Whether the row does something without being told anything. */
function startsAtAWord({ name }: Served): boolean {
  return name.endsWith('/trigger')
}

/** Whether none of its fields must be there. */
function needsNothing(row: Served): boolean {
  return startsAtAWord(row) || row.name.endsWith('/simulate')
}

const takesFields = writes.filter((row) => fieldsOf(row).length > 0)

for (const row of takesFields) {
  test(`${row.name} with anything in any field is refused or taken, whole`, async () => {
    using app = await openDesk()
    let rows = app.dump()
    for (const field of fieldsOf(row)) {
      for (const value of [...anything, 'RAW 1e400']) {
        const json = JSON.stringify({ ...bodyOf(row), [field]: value })
        const { status } = await send(app, row, { body: json.replace('"RAW 1e400"', '1e400') })
        if (status >= 400)
          expect([field, value, app.changedSince(rows)]).toEqual([field, value, []])
        else rows = app.dump()
      }
    }
  })

  test(`${row.name} with the fields of other objects' inner life takes nothing from them`, async () => {
    using app = await openDesk()
    const rows = app.dump()
    const inner = JSON.stringify(bodyOf(row))
    const hidden = [`{"__proto__":${inner}}`, `{"constructor":{"prototype":${inner}}}`]
    for (const body of hidden) {
      const { status } = await send(app, row, { body })
      const hasRequired = row.endpoint.method === 'POST' || /PUT .*\/internal\/[ck]/.test(row.name)
      if (hasRequired && !needsNothing(row)) expect(status).toBe(422)
    }
    const runs = ['counters', 'sqlite_sequence', 'workflow_runs', 'workflows']
    expect(app.changedSince(rows).toSorted()).toEqual(startsAtAWord(row) ? runs : [])
    expect(app.dump().get('workflow_runs')).not.toContain('{\\"a\\":1}')
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test(`${row.name} ignores ten thousand fields that it does not know`, async () => {
    using app = await openDesk()
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`field${at}`, at]))
    const { status } = await send(app, row, { body: { ...many, ...bodyOf(row) } })
    expect(status).toBeLessThan(300)
  })

  test(`${row.name} changes no column that is not its field (API3)`, async () => {
    using plain = await openDesk()
    using greedy = await openDesk()
    const declared = new Set(fieldsOf(row))
    const extras = columnsOf(greedy).filter((name) => !declared.has(name))
    for (const value of [1, 999, 'x', true, null]) {
      const without = await send(plain, row, { body: bodyOf(row) })
      const body = { ...Object.fromEntries(extras.map((name) => [name, value])), ...bodyOf(row) }
      const withAll = await send(greedy, row, { body })
      expect([withAll.status, withAll.text]).toEqual([without.status, without.text])
      expect(differingTables(greedy, plain)).toEqual([])
    }
  })
}

function unsalted(rows = ''): string {
  return rows.replace(/\$argon2id\$[^"]*/g, 'a hash')
}

/** The tables in which two apps differ, the salts of passwords aside. */
function differingTables(one: TestApp, other: TestApp): string[] {
  const rows = other.dump()
  return one.changedSince(rows).filter((name) => {
    const [ours, theirs] = [one.dump().get(name), rows.get(name)]
    return unsalted(ours) !== unsalted(theirs)
  })
}

/** Every column name of the database, as it is there and in camel case. */
function columnsOf(app: TestApp): string[] {
  const names = app.read(({ q }) =>
    q
      .prepared({}, ({ client }) => client)
      .prepare(
        `SELECT DISTINCT field.name FROM sqlite_schema AS entry, pragma_table_info(entry.name) AS field
          WHERE entry.type = 'table' AND entry.name NOT LIKE 'sqlite%'`,
      )
      .pluck()
      .all()
      .map(String),
  )
  return [...new Set([...names, ...names.map(camel)])]
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

const strangeIds = [
  '0',
  '-1',
  '+1',
  '01',
  '1e3',
  '1.0',
  '0x1',
  'abc',
  '9007199254740991',
  '9007199254740992',
  '9007199254740993',
  '99999999999999999999999999',
  '%00',
  '1%00',
  '%201',
  '1%20',
  '%zz',
  '%',
  '%ff',
  '%c0%80',
  '..%2f..%2fx',
  '../x',
  '..',
  '%2e%2e',
  '%D9%A1',
  '%F0%9F%98%80',
  'tkt_',
  `tkt_${'z'.repeat(26)}`,
  `TKT_${'0'.repeat(26)}`,
  'null',
  'undefined',
  '__proto__',
  'constructor',
  "1'--",
  '1;1',
  ':id',
  '{id}',
  'x'.repeat(8000),
  '1'.repeat(400),
]

const byId = servedRows.filter((row) => row.name.includes(':id'))

for (const row of byId) {
  test(`${row.name} finds nothing by an id that is none`, async () => {
    using app = await openDesk()
    const rows = app.dump()
    for (const id of strangeIds) {
      const line = lineOf(row, id)
      const body = row.endpoint.method === 'GET' ? undefined : bodyOf(row)
      const answer = await call(app, line, { key: row.key, body })
      // A path with `..` in it is another path, and may be one that has other methods.
      const isElsewhere = id.startsWith('..') || id === '%2e%2e'
      const expected = isElsewhere ? [404, 405, 200, 201, 422] : [404]
      expect([id, expected.includes(answer.status)]).toEqual([id, true])
      expectCommonHeaders(answer)
      if (isElsewhere) continue
      if (row.dialect === 'deskhive') expect(answer.body).toEqual({ message: 'Not found' })
      else
        expect(answer.body).toEqual({
          error: expect.stringMatching(
            /^(?:(?:Ticket|Customer|Approval|Entry|Workflow|Webhook) not|Not) found$/,
          ),
        })
    }
    if (row.endpoint.method !== 'POST') expect(app.changedSince(rows)).toEqual([])
  })
}

test.each(['', 'x', 'desk.test, desk.test', 'desk.test/api', 'desk.test?', 'other.test', '::1'])(
  'the Host %p is refused in the words of the path, before anything else',
  async (host) => {
    using app = await openDesk()
    const sending = { key: 'keva', headers: { host } } as const
    const keva = await call(app, 'GET /api/v1/tickets', sending)
    expect([keva.status, keva.body]).toEqual([400, { error: 'Invalid Host header' }])
    const deskHive = await call(app, 'GET /api/v1/internal/tickets', sending)
    expect([deskHive.status, deskHive.body]).toEqual([400, { message: 'Invalid Host header' }])
    await expectSound(keva)
    await expectSound(deskHive)
  },
)

/** Texts that must come back as they went in. */
const texts: readonly string[] = [
  'NUL \u0000 inside',
  '\u0001\u0002\u001b[31m\u007f\u0085',
  'line one\r\nline two\ttab',
  '😀👩‍👩‍👧‍👦🇸🇪 e\u0301',
  'مرحبا \u202e reversed',
  '\ufeffBOM\ufeff inside',
  '\ufffd\uffff\u{10ffff}',
  '<script>alert(1)</script> {{ticket.id}} ${x} %s',
  "Robert'); DROP TABLE tickets;--",
  '\\u0000 \\ " \' `',
  'a\u2028b\u2029c',
]

describe('text', () => {
  test.each(texts)('%j comes back from Keva as it was sent', async (text) => {
    using app = await openDesk()
    const sent = { subject: text, customerEmail: 'ann@shop.test', customerName: text, body: text }
    const { status, body } = await call(app, 'POST /api/v1/tickets', {
      key: 'keva',
      body: { ...sent, source: 'x', tags: [text] },
    })
    expect([status, body]).toMatchObject([
      201,
      { data: { subject: text, customerName: text, tags: [text] } },
    ])
    app.named.set('made', (body as { data: { id: string } }).data.id)
    const list = await call(app, 'GET /api/v1/tickets/{made}/messages', { key: 'keva' })
    expect(list.body).toMatchObject({ data: [{ body: text }] })
  })

  test.each(texts)('%j comes back from the knowledge base as it was sent', async (text) => {
    using app = await openDesk()
    const content = ` \r\n${text}\n\n`
    const { status, body } = await call(app, 'POST /api/kb', {
      key: 'keva',
      body: { title: text, content, category: text },
    })
    expect([status, body]).toMatchObject([
      201,
      { title: text.trim(), content, category: text.trim() },
    ])
    const query = `category=${encodeURIComponent(text)}&search=${encodeURIComponent(text)}`
    const found = await call(app, `GET /api/kb?category=${encodeURIComponent(text)}`, {
      key: 'keva',
    })
    expect(found.body).toMatchObject({ total: 1, entries: [{ content }] })
    await expectSound(await call(app, `GET /api/v1/kb?${query}`, { key: 'keva' }))
  })

  test.each(texts)('%j comes back from DeskHive as it was sent, trimmed', async (text) => {
    using app = await openDesk()
    const { status, body } = await call(app, 'POST /api/v1/internal/tickets', {
      key: 'special',
      body: { customer_id: 1, title: text, content: text },
    })
    const data = { title: text.trim(), content: text.trim() }
    expect([status, body]).toMatchObject([201, { data }])
  })

  test('is counted in characters, not in bytes or code units', async () => {
    using app = await openDesk()
    const name = async (count: number) => {
      const body = { name: '😀'.repeat(count), email: `n${count}@x.test` }
      return (await call(app, 'POST /api/v1/internal/customers', { key: 'special', body })).status
    }
    expect([await name(250), await name(251)]).toEqual([201, 422])
    const subject = async (count: number) => {
      const body = { subject: '😀'.repeat(count), customerEmail: 'ann@shop.test', body: 'x' }
      return (await call(app, 'POST /api/v1/tickets', { key: 'keva', body })).status
    }
    expect([await subject(500), await subject(501)]).toEqual([201, 422])
  })

  test('may be nearly a megabyte long where no length is given', async () => {
    using app = await openDesk()
    const content = 'å'.repeat(500_000)
    const sending = { key: 'special', body: { content } } as const
    const { status, body } = await call(app, 'POST /api/v1/internal/tickets/1/messages', sending)
    expect([status, body]).toMatchObject([201, { data: { content } }])
  })

  test('after a byte order mark is read without it', async () => {
    using app = await openDesk()
    const body = bytes(0xef, 0xbb, 0xbf, '{"content":"Hi"}')
    const sending = { key: 'special', body } as const
    const answer = await call(app, 'POST /api/v1/internal/tickets/1/messages', sending)
    expect([answer.status, answer.body]).toMatchObject([201, { data: { content: 'Hi' } }])
  })
})
