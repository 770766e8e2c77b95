import { expect } from 'bun:test'
import { contract, type Row } from '../../support/contract.ts'
import { keyId, keyNames, staff, T0, type KeyName, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { internalRefusals } from '../refusals.ts'
import { meta, notFound } from './views.ts'

// deskhive.md section 18, 2.2 to 2.5.

const line = '/api/v1/internal/api-keys'
const createLine = `POST ${line}`
const at = '2026-05-04T08:15:00Z'
const nextId = keyNames.length + 1

const view = {
  id: nextId,
  name: 'Shop connector',
  type: 'internal',
  scopes: null as string[] | null,
  special: false,
  agent_id: null as number | null,
  agent: null as object | null,
  expires_at: null as string | null,
  last_used_at: null as string | null,
  revoked: false,
  created_at: at,
  updated_at: at,
}

const minimal = { name: 'Shop connector', type: 'internal' }
const created = 'Created successfully'
const updated = 'Updated successfully'
const rawInternal = expect.stringMatching(/^deskbox_int_[0-9A-Za-z]{36}$/) as string
const rawExternal = expect.stringMatching(/^deskbox_ext_[0-9A-Za-z]{36}$/) as string
const made = ['api_key.created']

/** The raw value in the answer of a creation. */
function rawIn(body: unknown): string {
  return (body as { data: { key: string } }).data.key
}

contract(createLine, { key: 'special', call: createLine }, [
  {
    name: 'makes an internal key, and shows its value',
    body: minimal,
    status: 201,
    reply: { data: { ...view, key: rawInternal }, message: created },
    events: made,
    async after(app, { body }) {
      const raw = rawIn(body)
      const listed = await call(app, `GET ${line}`, { key: 'special' })
      expect(listed.text).not.toContain(raw)
      expect([...app.dump().values()].join()).not.toContain(raw)
      const denied = await call(app, 'GET /api/v1/internal/tickets', { key: { raw } })
      expect(denied.status).toBe(403)
    },
  },
  {
    name: 'makes a key with scopes and an expiry',
    body: {
      ...minimal,
      scopes: ['tickets:list', ' customers:read '],
      expires_at: '2027-01-01T00:00:00Z',
    },
    status: 201,
    reply: {
      data: {
        ...view,
        scopes: ['tickets:list', 'customers:read'],
        expires_at: '2027-01-01T00:00:00Z',
        key: rawInternal,
      },
      message: created,
    },
    events: made,
    async after(app, { body }) {
      const key = { raw: rawIn(body) }
      const list = 'GET /api/v1/internal/tickets'
      expect((await call(app, list, { key })).status).toBe(200)
      app.advance(Date.parse('2027-01-01T00:00:00Z') - T0 - 1)
      expect((await call(app, list, { key })).status).toBe(200)
      app.advance(1)
      expect(await call(app, list, { key })).toMatchObject({ status: 401 })
    },
  },
  {
    name: 'makes an external key of an agent, which opens the external group',
    body: { name: 'Shop connector', type: 'external', agent_id: '2' },
    status: 201,
    reply: {
      data: {
        ...view,
        type: 'external',
        agent_id: 2,
        agent: { id: 2, name: 'Tomas Berg' },
        key: rawExternal,
      },
      message: created,
    },
    events: made,
    async after(app, { body }) {
      const key = { raw: rawIn(body) }
      expect((await call(app, 'GET /api/v1/external/tickets', { key })).status).toBe(200)
    },
  },
  {
    name: 'makes an external key without an agent (2.3)',
    body: { name: 'Shop connector', type: 'external', agent_id: null },
    status: 201,
    reply: { data: { ...view, type: 'external', key: rawExternal }, message: created },
    events: made,
  },
  {
    name: 'reads an expiry in another time zone',
    body: { ...minimal, expires_at: '2027-01-01 01:00:00.5+0100' },
    status: 201,
    reply: {
      data: { ...view, expires_at: '2027-01-01T00:00:00Z', key: rawInternal },
      message: created,
    },
    events: made,
  },
  {
    name: 'reads a bare date as its first instant',
    body: { ...minimal, expires_at: '2027-01-01' },
    status: 201,
    reply: {
      data: { ...view, expires_at: '2027-01-01T00:00:00Z', key: rawInternal },
      message: created,
    },
    events: made,
  },
  {
    name: 'reads a moment without a zone as UTC',
    body: { ...minimal, expires_at: '2027-01-01T00:00:00' },
    status: 201,
    reply: {
      data: { ...view, expires_at: '2027-01-01T00:00:00Z', key: rawInternal },
      message: created,
    },
    events: made,
  },
  {
    name: 'makes a special key for a special one',
    body: { ...minimal, special: true },
    status: 201,
    reply: { data: { ...view, special: true, key: rawInternal }, message: created },
    events: made,
  },
  {
    name: 'ignores special from a key that is not special (2.5)',
    key: 'scoped',
    body: { ...minimal, special: true, scopes: ['tickets:list'] },
    status: 201,
    reply: {
      data: { ...view, scopes: ['tickets:list'], key: rawInternal },
      message: created,
    },
    events: made,
  },
  {
    name: 'grants only what the caller holds',
    given: [
      {
        call: createLine,
        body: { name: 'Small', type: 'internal', scopes: ['api-keys:create', 'api-keys:update'] },
      },
    ],
    key: 'special',
    body: minimal,
    status: 201,
    reply: expect.anything(),
    events: made,
    async after(app) {
      const small = await call(app, createLine, {
        key: 'special',
        body: { ...minimal, scopes: ['api-keys:create', 'api-keys:update'] },
      })
      const key = { raw: rawIn(small.body) }
      const before = app.lastSequence()
      const body = { ...minimal, scopes: ['api-keys:create', 'tickets:list'] }
      const refused = await call(app, createLine, { key, body })
      expect(refused).toMatchObject({ status: 403, body: { message: 'Forbidden scope' } })
      const own = `${line}/${nextId}`
      const raised = await call(app, `PATCH ${own}`, { key, body: { scopes: ['tickets:list'] } })
      expect(raised).toMatchObject({ status: 403, body: { message: 'Forbidden scope' } })
      expect(app.lastSequence()).toBe(before)
      const held = await call(app, createLine, {
        key,
        body: { ...minimal, scopes: ['api-keys:create'] },
      })
      expect(held.status).toBe(201)
    },
  },
  {
    name: 'requires name and type',
    body: {},
    status: 422,
    reply: {
      message: 'The name field is required. (and 1 more error)',
      errors: { name: ['The name field is required.'], type: ['The type field is required.'] },
    },
  },
  {
    name: 'says every wrong value at once, scopes by their dotted names',
    body: {
      name: 'x'.repeat(251),
      type: 'keva',
      scopes: ['tickets:list', 'tickets:fly', 'Tickets:list'],
      agent_id: staff.admin,
      expires_at: at,
    },
    status: 422,
    reply: {
      message: 'The name field must not be greater than 250 characters. (and 5 more errors)',
      errors: {
        name: ['The name field must not be greater than 250 characters.'],
        type: ['The selected type is invalid.'],
        'scopes.1': ['The selected scopes.1 is invalid.'],
        'scopes.2': ['The selected scopes.2 is invalid.'],
        agent_id: ['The selected agent id is invalid.'],
        expires_at: ['The expires at field must be a date after now.'],
      },
    },
  },
  {
    name: 'says wrong types',
    body: { name: 5, type: 5, scopes: 'tickets:list', agent_id: 'x', expires_at: 'soon' },
    status: 422,
    reply: {
      message: 'The name field must be a string. (and 4 more errors)',
      errors: {
        name: ['The name field must be a string.'],
        type: ['The selected type is invalid.'],
        scopes: ['The scopes field must be an array.'],
        agent_id: ['The selected agent id is invalid.'],
        expires_at: ['The expires at field must be a valid date.'],
      },
    },
  },
  ...['2027-02-30', '2027-13-01', '2027-01-01T25:00', '9999-12-31T23:59:59-01:00', '2027'].map(
    (expires_at): Row => ({
      name: `refuses ${expires_at}, which is no date`,
      body: { ...minimal, expires_at },
      status: 422,
      reply: {
        message: 'The expires at field must be a valid date.',
        errors: { expires_at: ['The expires at field must be a valid date.'] },
      },
    }),
  ),
  ...internalRefusals(createLine),
])

/** A standard key as its record shows it. */
const standard = (name: KeyName) => ({ ...view, id: keyId(name), name })

const readLine = (name: KeyName) => `GET ${line}/${keyId(name)}`

contract('GET /internal/api-keys/{id}', { key: 'special', call: readLine('plain') }, [
  { name: 'shows a key without its value', status: 200, reply: { data: standard('plain') } },
  {
    name: 'shows a special key',
    call: readLine('special'),
    status: 200,
    reply: { data: { ...standard('special'), special: true } },
  },
  {
    name: 'shows a revoked key',
    call: readLine('internalRevoked'),
    status: 200,
    reply: { data: { ...standard('internalRevoked'), special: true, revoked: true } },
  },
  {
    name: 'shows the agent of a key',
    call: readLine('agent'),
    status: 200,
    reply: {
      data: {
        ...standard('agent'),
        type: 'external',
        agent_id: 2,
        agent: { id: 2, name: 'Tomas Berg' },
      },
    },
  },
  {
    name: 'shows when a key was last used, once that is written down',
    given: [
      { call: 'GET /api/v1/external/tickets', key: 'otherAgent' },
      async (app) => {
        await app.app.ring.saveUses(T0)
      },
    ],
    call: readLine('otherAgent'),
    status: 200,
    reply: { data: expect.objectContaining({ last_used_at: at, updated_at: at }) },
  },
  { ...notFound, name: 'does not find a Keva key', call: readLine('keva') },
  { ...notFound, name: 'does not find another', call: `GET ${line}/99` },
  ...internalRefusals(`GET ${line}/99`),
])

const deskHiveIds = keyNames.map((name) => keyId(name)).filter((id) => id >= keyId('special'))

contract(`GET ${line}`, { key: 'special', call: `GET ${line}` }, [
  {
    name: 'shows the newest first, revoked ones included, Keva keys not',
    status: 200,
    reply: (body: { data: { id: number; key?: string }[]; meta: object }) => {
      expect(body.data.map((one) => one.id)).toEqual(deskHiveIds.toReversed())
      expect(body.data.filter((one) => 'key' in one)).toEqual([])
      expect(body.meta).toEqual(meta(deskHiveIds.length))
    },
  },
  {
    name: 'pages',
    call: `GET ${line}?per_page=2&page=5`,
    status: 200,
    reply: {
      data: [{ ...standard('special'), special: true }],
      meta: meta(deskHiveIds.length, 5, 2),
    },
  },
  ...internalRefusals(`GET ${line}`),
])

const at16 = '2026-05-04T08:16:00Z'
const minuteLater = (app: TestApp) => app.advance(60_000)

/** The rows of both verbs that change a key; `required` tells how they differ (D3). */
function changes(method: 'PUT' | 'PATCH', required: readonly Row[]): void {
  const own = `${method} ${line}/${keyId('plain')}`
  const same = { name: 'plain', type: 'internal' }
  contract(`${method} ${line}/{id}`, { key: 'special', call: own, given: [minuteLater] }, [
    {
      name: 'changes everything but the value',
      body: {
        name: 'Renamed',
        type: 'internal',
        scopes: ['tickets:list'],
        agent_id: 2,
        expires_at: '2027-01-01T00:00:00Z',
        special: true,
        key: 'mine',
        revoked: true,
      },
      status: 200,
      reply: {
        data: {
          ...standard('plain'),
          name: 'Renamed',
          scopes: ['tickets:list'],
          special: true,
          agent_id: 2,
          agent: { id: 2, name: 'Tomas Berg' },
          expires_at: '2027-01-01T00:00:00Z',
          updated_at: at16,
        },
        message: updated,
      },
      events: ['api_key.updated'],
      async after(app) {
        const listed = await call(app, 'GET /api/v1/internal/tickets', { key: 'plain' })
        expect(listed.status).toBe(200)
      },
    },
    {
      name: 'takes scopes away, at once',
      call: `${method} ${line}/${keyId('scoped')}`,
      body: { name: 'scoped', type: 'internal', scopes: [] },
      status: 200,
      reply: {
        data: { ...standard('scoped'), scopes: [], updated_at: at16 },
        message: updated,
      },
      events: ['api_key.updated'],
      async after(app) {
        const listed = await call(app, 'GET /api/v1/internal/tickets', { key: 'scoped' })
        expect(listed).toMatchObject({ status: 403, body: { message: 'Forbidden scope' } })
      },
    },
    {
      name: 'does not bring a revoked key back',
      call: `${method} ${line}/${keyId('internalRevoked')}`,
      body: { name: 'internalRevoked', type: 'internal', revoked: false, revoked_at: null },
      status: 200,
      reply: { data: expect.objectContaining({ revoked: true }), message: updated },
      async after(app) {
        const used = await call(app, 'GET /api/v1/internal/tickets', { key: 'internalRevoked' })
        expect(used.status).toBe(401)
      },
    },
    {
      name: 'changes nothing by the same values',
      body: same,
      status: 200,
      reply: { data: standard('plain'), message: updated },
    },
    {
      name: 'ignores special from a key that is not special',
      key: 'scoped',
      body: { ...same, special: true },
      status: 200,
      reply: { data: standard('plain'), message: updated },
    },
    {
      name: 'stops an external key whose agent is taken away',
      call: `${method} ${line}/${keyId('agent')}`,
      body: { name: 'agent', type: 'external', agent_id: null },
      status: 200,
      reply: {
        data: { ...standard('agent'), type: 'external', updated_at: at16 },
        message: updated,
      },
      events: ['api_key.updated'],
      async after(app) {
        const used = await call(app, 'GET /api/v1/external/tickets', { key: 'agent' })
        expect(used).toMatchObject({ status: 401, body: { message: 'Unauthorized' } })
      },
    },
    {
      name: 'says every wrong value at once',
      body: { name: 'x'.repeat(251), type: 'admin', scopes: [1], agent_id: 99, expires_at: '2020' },
      status: 422,
      reply: {
        message: 'The name field must not be greater than 250 characters. (and 4 more errors)',
        errors: {
          name: ['The name field must not be greater than 250 characters.'],
          type: ['The selected type is invalid.'],
          'scopes.0': ['The selected scopes.0 is invalid.'],
          agent_id: ['The selected agent id is invalid.'],
          expires_at: ['The expires at field must be a valid date.'],
        },
      },
    },
    {
      ...notFound,
      name: 'does not find a Keva key, whatever the body',
      call: `${method} ${line}/1`,
      body: {},
    },
    ...required,
    ...internalRefusals(`${method} ${line}/99`),
  ])
}

changes('PUT', [
  {
    name: 'requires name and type again (D3)',
    body: { scopes: [] },
    status: 422,
    reply: {
      message: 'The name field is required. (and 1 more error)',
      errors: { name: ['The name field is required.'], type: ['The type field is required.'] },
    },
  },
])

changes('PATCH', [
  {
    name: 'requires nothing',
    body: { expires_at: '2027-01-01T00:00:00Z' },
    status: 200,
    reply: {
      data: {
        ...standard('plain'),
        expires_at: '2027-01-01T00:00:00Z',
        updated_at: at16,
      },
      message: updated,
    },
    events: ['api_key.updated'],
  },
])

const deleteLine = (name: KeyName) => `DELETE ${line}/${keyId(name)}`
const gone = { status: 200, reply: { data: null, message: 'Deleted successfully' } }

contract(`DELETE ${line}/{id}`, { key: 'special', call: deleteLine('scoped') }, [
  {
    ...gone,
    name: 'revokes, from the next call on, and the record still reads (smoke 10)',
    events: ['api_key.revoked'],
    async after(app) {
      const used = await call(app, 'GET /api/v1/internal/tickets', { key: 'scoped' })
      expect(used).toMatchObject({ status: 401, body: { message: 'Invalid API key' } })
      const record = await call(app, readLine('scoped'), { key: 'special' })
      expect(record.body).toMatchObject({ data: { id: keyId('scoped'), revoked: true } })
    },
  },
  { ...gone, name: 'is harmless the second time', given: [{ call: deleteLine('scoped') }] },
  {
    ...gone,
    name: 'lets a key revoke itself',
    call: deleteLine('special'),
    events: ['api_key.revoked'],
    async after(app) {
      expect((await call(app, `GET ${line}`, { key: 'special' })).status).toBe(401)
    },
  },
  { ...notFound, name: 'does not find a Keva key', call: deleteLine('keva') },
  { ...notFound, name: 'does not find another', call: `DELETE ${line}/99` },
  ...internalRefusals(`DELETE ${line}/99`),
])
