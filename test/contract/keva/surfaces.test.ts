import { describe, expect, test } from 'bun:test'
import { publicId } from '../../../src/lib/ids.ts'
import { createKey } from '../../../src/domain/keys.ts'
import { isStream, scopesOf } from '../../../src/http/endpoint.ts'
import { workspaceUid } from '../../../src/domain/installation.ts'
import { expectCommonHeaders } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { expectDocumented } from '../../support/openapi.ts'
import { call, type Answered, type KeyChoice, type Sending } from '../../support/send.ts'
import { bodyOf, fieldsOf, lineOf, openDesk, servedRows, type Served } from '../writes.ts'

// What every row of Keva does and refuses alike below each base (keva.md 2.4, 2.5, 3.5, R1, R4, R10). What
// that is in particular is in the tables of its noun.

const bases = ['/api/v1', '/v1', '/api'] as const

const rows = servedRows.filter(
  ({ dialect, name, endpoint }) =>
    dialect === 'keva' &&
    name.includes(' /api/v1/') &&
    endpoint.access !== 'public' &&
    !isStream(endpoint),
)

const refused = (status: number, error: string) => ({ status, body: { error } })

const strangers: readonly (readonly [who: string, key: KeyChoice, error: string])[] = [
  ['no key', null, 'Missing or invalid Authorization header'],
  ['a DeskHive key', 'special', 'Invalid API key format'],
  ['an unknown key', { raw: `keva_live_sk_${'0'.repeat(40)}` }, 'Invalid API key'],
  ['a revoked key', 'kevaRevoked', 'API key has been revoked'],
  ['an expired key', 'kevaExpired', 'API key has expired'],
]

/** The sentence for a record of a path that is not there (keva.md 3.5). */
const missing: readonly (readonly [path: string, error: string])[] = [
  ['/tickets/', 'Ticket not found'],
  ['/approvals/', 'Approval not found'],
  ['/kb/', 'Entry not found'],
  ['/customers/', 'Customer not found'],
  ['/workflows/', 'Workflow not found'],
  ['/webhooks/', 'Webhook not found'],
]

for (const row of rows) {
  describe(row.name, () => {
    test('does the same below every base, shown in the shape of its page below /api', async () => {
      const first = await done('/api/v1', row)
      expect(first.status).toBeLessThan(300)
      expect(await done('/v1', row)).toEqual(first)
      const page = await done('/api', row)
      expect(page).toEqual({ ...first, body: page.body })
      expect(shownBy(page.body)).toEqual(shownBy(first.body))
    })

    test('refuses below every base who may not call, before it looks at anything else', async () => {
      using app = await openDesk()
      const scopeless = { raw: await keyWith(app, otherScope(row)) }
      const before = app.dump()
      for (const base of bases) {
        const line = lineBelow(base, row, 'nothing')
        const body = isWrite(row) ? '{"half":' : undefined
        for (const [who, key, error] of strangers) {
          const answer = await sound(app, `${line}?workspace_id=ws_other`, { key, body })
          expect([base, who, answer]).toEqual([base, who, refused(401, error)])
        }
        const answer = await sound(app, `${line}?workspace_id=ws_other`, { key: scopeless, body })
        expect([base, answer]).toEqual([base, refused(403, 'Insufficient scope')])
      }
      expect(app.changedSince(before)).toEqual([])
    })

    test('asks for no more than its scope', async () => {
      for (const scope of scopesOf(row.endpoint)) {
        using app = await openDesk()
        const key = { raw: await keyWith(app, scope) }
        for (const base of bases) {
          const answer = await call(app, lineBelow(base, row, 'nothing'), {
            key,
            body: bodyOr(row),
          })
          expect([base, scope, [401, 403].includes(answer.status)]).toEqual([base, scope, false])
        }
      }
    })

    test('looks for its workspace below every base, by header and by query', async () => {
      using app = await openDesk()
      const before = app.dump()
      const own = publicId('workspace', app.read(workspaceUid) ?? '')
      const elsewhere = { 'X-Workspace-Id': 'ws_other' }
      const noWorkspace = refused(404, 'Workspace not found')
      for (const base of bases) {
        const line = lineBelow(base, row, 'nothing')
        const sending = { key: row.key, body: isWrite(row) ? '{"half":' : undefined }
        for (const name of ['workspace_id', 'workspaceId']) {
          expect(await sound(app, `${line}?${name}=ws_other`, sending)).toEqual(noWorkspace)
          const both = { ...sending, headers: elsewhere }
          const found = await call(app, `${line}?${name}=${own}`, both)
          expect([base, name, found.body]).not.toEqual([base, name, noWorkspace.body])
        }
        const inHeader = { ...sending, headers: elsewhere }
        expect(await sound(app, line, inHeader)).toEqual(noWorkspace)
      }
      expect(app.changedSince(before)).toEqual([])
    })

    if (row.name.includes('/:')) {
      test('finds no record that is not there, below every base', async () => {
        using app = await openDesk()
        const before = app.dump()
        const [, error] = missing.find(([path]) => row.name.includes(path)) ?? []
        for (const base of bases) {
          for (const id of ['nothing', '1', `tkt_${'0'.repeat(26)}`]) {
            const line = lineBelow(base, row, id)
            const answer = await sound(app, line, { key: row.key, body: bodyOr(row) })
            expect([base, id, answer]).toEqual([base, id, refused(404, error ?? '')])
          }
        }
        expect(app.changedSince(before)).toEqual([])
      })
    }

    if (isWrite(row) && fieldsOf(row).length > 0) {
      test('finds the same wrong with a body below every base', async () => {
        using app = await openDesk()
        const before = app.dump()
        const wrong = Object.fromEntries(fieldsOf(row).map((field) => [field, [[5]]]))
        const answers: Plain[] = []
        for (const base of bases) {
          const line = lineBelow(base, row)
          answers.push(await sound(app, line, { key: row.key, body: wrong }))
          const unreadable = await sound(app, line, { key: row.key, body: '{"half":' })
          expect([base, unreadable]).toEqual([base, refused(400, 'Invalid JSON body')])
        }
        expect([400, 422]).toContain(answers[0]?.status ?? 0)
        expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
        expect(app.changedSince(before)).toEqual([])
      })
    }
  })
}

/** What a good call comes to, on a desk of its own. */
async function done(base: string, row: Served) {
  using app = await openDesk()
  const before = app.lastSequence()
  const line = lineBelow(base, row)
  const isLookup = row.name.endsWith('/lookup')
  const sending = { key: row.key, body: bodyOr(row) }
  const answer = await sound(app, isLookup ? `${line}?email=mara@northwind.test` : line, sending)
  return { ...answer, events: app.eventsAfter(before).map((event): string => event.type) }
}

/** What the lists of the pages are called. */
const listNames = ['entries', 'customers', 'workflows', 'executions', 'versions']

/** The record or the records of an answer, whatever the surface has around them. */
function shownBy(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body
  const around: { readonly [name: string]: unknown } = { ...body }
  const name = ['data', ...listNames].find((one) => one in around)
  return name === undefined ? body : around[name]
}

function isWrite({ endpoint }: Served): boolean {
  return endpoint.method !== 'GET'
}

function bodyOr(row: Served): object | undefined {
  return isWrite(row) ? bodyOf(row) : undefined
}

function lineBelow(base: string, row: Served, id?: string): string {
  return lineOf(row, id).replace('/api/v1', base)
}

/** A scope that Keva has and the row does not take. */
function otherScope({ endpoint }: Served): string {
  return endpoint.scope === 'kb:write' ? 'tickets:read' : 'kb:write'
}

function keyWith(app: TestApp, scope: string): Promise<string> {
  return app.write((tx) => {
    const common = { isSpecial: false, ownerId: null, agentId: null, expiresAt: null }
    return createKey(tx, { ...common, kind: 'keva', name: scope, scopes: [scope] }).raw
  })
}

type Plain = Pick<Answered, 'status' | 'body'>

/** The answer, with all that every one of Keva has. */
async function sound(app: TestApp, line: string, sending: Sending): Promise<Plain> {
  const answer = await call(app, line, sending)
  expectCommonHeaders(answer)
  await expectDocumented(answer.request, answer)
  return { status: answer.status, body: answer.body }
}
