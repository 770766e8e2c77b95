import { describe, expect, test } from 'bun:test'
import { surfaces } from '../../src/app.ts'
import { createArticle } from '../../src/domain/articles.ts'
import { publicId } from '../../src/lib/ids.ts'
import { openTestApp, type KeyName, type TestApp } from '../support/harness.ts'
import { documentNames, openLibrary } from '../support/openapi.ts'
import { agentTicket, catalog } from '../support/seed.ts'
import { call, type Answered } from '../support/send.ts'
import { workflow } from '../support/workflowseed.ts'

// Conditional requests (RFC 9110, section 13): a record has a strong tag, which a reader may already have
// and a writer may insist on.

type Versioned = {
  readonly name: string
  readonly key: KeyName
  readonly path: string
  /** A change that moves the version on. */
  readonly write: 'PUT' | 'PATCH'
  readonly change: object
  readonly stale: object
}

const staleInDeskHive = { message: 'The record has been changed since it was read.' }

const records: readonly Versioned[] = [
  {
    name: "Keva's ticket",
    key: 'keva',
    path: '/api/v1/tickets/{ticket}',
    write: 'PATCH',
    change: { priority: 'high' },
    stale: { error: 'Resource has been changed since it was read' },
  },
  ...['/api/v1', '/api'].map((base): Versioned => ({
    name: `Keva's entry below ${base}`,
    key: 'keva',
    path: `${base}/kb/{entry}`,
    write: 'PATCH',
    change: { content: 'Switch it off.' },
    stale: { error: 'Resource has been changed since it was read' },
  })),
  ...['/api/v1', '/api'].map((base): Versioned => ({
    name: `Keva's customer below ${base}`,
    key: 'keva',
    path: `${base}/customers/{customer}`,
    write: 'PATCH',
    change: { company: 'Northwind' },
    stale: { error: 'Resource has been changed since it was read' },
  })),
  ...['/api/v1', '/api'].map((base): Versioned => ({
    name: `Keva's workflow below ${base}`,
    key: 'keva',
    path: `${base}/workflows/{workflow}`,
    write: 'PATCH',
    change: { name: 'Route' },
    stale: { error: 'Resource has been changed since it was read' },
  })),
  {
    name: "an admin's workflow",
    key: 'special',
    path: '/api/v1/internal/workflows/1',
    write: 'PUT',
    change: { name: 'Route' },
    stale: staleInDeskHive,
  },
  {
    name: "an admin's ticket",
    key: 'special',
    path: '/api/v1/internal/tickets/1',
    write: 'PUT',
    change: { priority: 'high' },
    stale: staleInDeskHive,
  },
  {
    name: "an agent's ticket",
    key: 'agent',
    path: '/api/v1/external/tickets/1',
    write: 'PATCH',
    change: { priority: 'high' },
    stale: staleInDeskHive,
  },
  {
    name: "an admin's customer",
    key: 'special',
    path: '/api/v1/internal/customers/1',
    write: 'PUT',
    change: { name: 'Mara', email: 'mara@northwind.test' },
    stale: staleInDeskHive,
  },
  {
    name: "an admin's article",
    key: 'special',
    path: '/api/v1/internal/knowledge-articles/1',
    write: 'PUT',
    change: { title: 'Error E-08' },
    stale: staleInDeskHive,
  },
]

async function desk(): Promise<TestApp> {
  const app = await openTestApp()
  catalog(app)
  await agentTicket(app)
  await workflow(app)
  const uid = await app.write((tx) => createArticle(tx, { title: 'Error E-07' }).uid)
  app.named.set('entry', publicId('article', uid))
  return app
}

function tagOf({ headers }: Answered): string {
  return headers.get('etag') ?? ''
}

describe.each(records)('$name', ({ key, path, write, change, stale }) => {
  const get = (app: TestApp, headers = {}) => call(app, `GET ${path}`, { key, headers })
  const put = (app: TestApp, headers = {}) =>
    call(app, `${write} ${path}`, { key, headers, body: change })

  test('has a strong tag, the same until it changes', async () => {
    using app = await desk()
    const first = await get(app)
    expect(tagOf(first)).toMatch(/^"\d+-[0-9a-z]+"$/)
    expect(first.headers.get('cache-control')).toBe('private, no-cache')
    expect(tagOf(await get(app))).toBe(tagOf(first))
    await put(app)
    expect(tagOf(await get(app))).not.toBe(tagOf(first))
  })

  test('is not sent again to who has it', async () => {
    using app = await desk()
    const tag = tagOf(await get(app))
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const { status, text, headers } = await get(app, { 'if-none-match': known })
      expect([known, status, text, headers.get('etag')]).toEqual([known, 304, '', tag])
      expect(headers.get('x-ratelimit-remaining')).toMatch(/^\d+$/)
    }
    for (const other of ['"x"', tag.slice(1, -1), `"${tag}"`, '"1', ',']) {
      expect([other, (await get(app, { 'if-none-match': other })).status]).toEqual([other, 200])
    }
    await put(app)
    expect((await get(app, { 'if-none-match': tag })).status).toBe(200)
  })

  test('is changed only by who has seen it as it is', async () => {
    using app = await desk()
    const seen = tagOf(await get(app))
    const done = await put(app, { 'if-match': `"0", ${seen}` })
    expect(done.status).toBe(200)
    expect(tagOf(done)).toMatch(/^"\d+"$/)
    const rows = app.dump()
    for (const old of [seen, '"0"', `W/${tagOf(done)}`, tagOf(done).slice(1, -1)]) {
      const refused = await put(app, { 'if-match': old })
      expect([old, refused.status, refused.body]).toEqual([old, 412, stale])
    }
    expect(app.changedSince(rows)).toEqual([])
    // What a write answers is as good as what a read does.
    expect((await put(app, { 'if-match': tagOf(done) })).status).toBe(200)
    expect((await put(app, { 'if-match': '*' })).status).toBe(200)
  })

  test('of two who saw the same, one changes it', async () => {
    using app = await desk()
    const tag = tagOf(await get(app))
    const both = await Promise.all([put(app, { 'if-match': tag }), put(app, { 'if-match': tag })])
    expect(both.map(({ status }) => String(status)).toSorted()).toEqual(['200', '412'])
  })

  test('is not found before it is stale', async () => {
    using app = await desk()
    const nowhere = path.replace(/\/(1|\{\w+\})$/, '/999')
    const headers = { 'if-match': '"0"' }
    const { status } = await call(app, `${write} ${nowhere}`, { key, headers, body: change })
    expect(status).toBe(404)
  })

  test('is answered again to a repeated request, however old its tag has become', async () => {
    using app = await desk()
    const headers = { 'if-match': tagOf(await get(app)), 'idempotency-key': 'once' }
    const [first, again] = [await put(app, headers), await put(app, headers)]
    expect([first.status, again.status, again.text]).toEqual([200, 200, first.text])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})

test('a tag tells of what is shown beside the record, too', async () => {
  using app = await desk()
  const line = 'GET /api/v1/internal/tickets/1'
  const sending = { key: 'special' } as const
  await call(app, 'PUT /api/v1/internal/tickets/1', { ...sending, body: { department_id: 1 } })
  const before = await call(app, line, sending)
  const renamed = { name: 'Workshop' }
  await call(app, 'PATCH /api/v1/internal/departments/1', { ...sending, body: renamed })
  const after = await call(app, line, { ...sending, headers: { 'if-none-match': tagOf(before) } })
  expect(after.status).toBe(200)
  // The record itself is as it was, so a change that was prepared before still goes.
  const headers = { 'if-match': tagOf(before) }
  const body = { priority: 'high' }
  expect(
    (await call(app, 'PUT /api/v1/internal/tickets/1', { ...sending, headers, body })).status,
  ).toBe(200)
})

test('a deletion insists, too', async () => {
  using app = await desk()
  const line = 'DELETE /api/v1/internal/tickets/1'
  const sending = { key: 'special' } as const
  const stale = await call(app, line, { ...sending, headers: { 'if-match': '"0"' } })
  expect([stale.status, stale.body]).toEqual([412, staleInDeskHive])
  const read = await call(app, 'GET /api/v1/internal/tickets/1', sending)
  const done = await call(app, line, { ...sending, headers: { 'if-match': tagOf(read) } })
  expect(done.status).toBe(200)
  const entry = { key: 'keva', headers: { 'if-match': '"0"' } } as const
  expect((await call(app, 'DELETE /api/kb/{entry}', entry)).status).toBe(412)
  const shown = await call(app, 'GET /api/v1/kb/{entry}', { key: 'keva' })
  const headers = { 'if-match': tagOf(shown) }
  expect((await call(app, 'DELETE /api/kb/{entry}', { key: 'keva', headers })).status).toBe(204)
})

test('a list has no tag, and a write that has no version takes no notice', async () => {
  using app = await desk()
  const key = 'special'
  const list = await call(app, 'GET /api/v1/internal/tickets', {
    key,
    headers: { 'if-none-match': '*' },
  })
  expect([list.status, list.headers.get('etag')]).toEqual([200, null])
  expect(list.headers.get('cache-control')).toBe('no-store')
  const headers = { 'if-match': '"0"' }
  const body = { content: 'Hello' }
  const reply = await call(app, 'POST /api/v1/internal/tickets/1/messages', { key, headers, body })
  expect(reply.status).toBe(201)
})

test('the documents name the header of every conditional row', async () => {
  const { documents } = await openLibrary()
  const declared = documentNames.flatMap((name) =>
    Object.entries(documents[name].paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { parameters = [] }]) =>
        (parameters as { name: string; in: string }[]).flatMap((one) =>
          one.in === 'header' && one.name.startsWith('If-')
            ? [`${method.toUpperCase()} ${path} ${one.name}`]
            : [],
        ),
      ),
    ),
  )
  const rows = surfaces.flatMap(({ endpoints }) => endpoints)
  const expected = rows.flatMap((row) => {
    const line = `${row.method} ${row.path.replace(/:(\w+)/g, '{$1}')}`
    if (row.method === 'GET') return row.answer.isVersioned ? [`${line} If-None-Match`] : []
    return row.version ? [`${line} If-Match`] : []
  })
  expect(new Set(declared)).toEqual(new Set(expected))
  expect(declared.length).toBeGreaterThan(8)
})
