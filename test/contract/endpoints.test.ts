import { describe, expect, test } from 'bun:test'
import { surfaces } from '../../src/app.ts'
import { scopesOf, type Endpoint } from '../../src/http/endpoint.ts'
import { openTestApp } from '../support/harness.ts'
import { documentNames, openLibrary, valueAt, type DocumentName } from '../support/openapi.ts'
import { call } from '../support/send.ts'

// The rows that are served, against the contracts' own tables.

/** Method, path and scope of every row of the authoritative surfaces. */
const contractRows = [
  // keva.md 4.1
  'GET /api/v1/tickets tickets:read',
  'POST /api/v1/tickets tickets:write',
  'GET /api/v1/tickets/:id tickets:read',
  'PATCH /api/v1/tickets/:id tickets:write',
  'GET /api/v1/tickets/:id/messages tickets:read',
  'POST /api/v1/tickets/:id/messages tickets:write',
  // keva.md 5.1, by either scope (R7)
  'GET /api/v1/approvals tickets:read|approvals:read',
  'GET /api/v1/approvals/:id tickets:read|approvals:read',
  'PATCH /api/v1/approvals/:id tickets:write|approvals:write',
  // keva.md 6.1
  'GET /api/v1/kb kb:read',
  'POST /api/v1/kb kb:write',
  'GET /api/v1/kb/:id kb:read',
  'PATCH /api/v1/kb/:id kb:write',
  'DELETE /api/v1/kb/:id kb:write',
  // keva.md 7.1
  'GET /api/v1/customers customers:read',
  'POST /api/v1/customers customers:write',
  'GET /api/v1/customers/lookup customers:read',
  'GET /api/v1/customers/:id customers:read',
  'PATCH /api/v1/customers/:id customers:write',
  // keva.md 9.5
  'GET /api/v1/webhooks webhooks:read',
  'POST /api/v1/webhooks webhooks:write',
  'GET /api/v1/webhooks/:id webhooks:read',
  'PATCH /api/v1/webhooks/:id webhooks:write',
  'DELETE /api/v1/webhooks/:id webhooks:write',
  'POST /api/v1/webhooks/:id/rotate-secret webhooks:write',
  'POST /api/v1/webhooks/:id/test webhooks:write',
  'GET /api/v1/webhooks/:id/deliveries webhooks:read',
  // keva.md 8.1 and 8.7
  'GET /api/v1/workflows workflows:read',
  'POST /api/v1/workflows workflows:write',
  'GET /api/v1/workflows/:id workflows:read',
  'PATCH /api/v1/workflows/:id workflows:write',
  'DELETE /api/v1/workflows/:id workflows:write',
  'POST /api/v1/workflows/:id/trigger workflows:write',
  'GET /api/v1/workflows/:id/executions workflows:read',
  'POST /api/v1/webhooks/workflow/:id public',
  // deskhive.md sections 1 and 5
  'GET /api/v1/health-check public',
  'GET /api/v1/internal/connection-check connection:check',
  // deskhive.md section 6
  'GET /api/v1/internal/tickets tickets:list',
  'POST /api/v1/internal/tickets tickets:create',
  'GET /api/v1/internal/tickets/:id tickets:read',
  'PUT /api/v1/internal/tickets/:id tickets:update',
  'DELETE /api/v1/internal/tickets/:id tickets:delete',
  // deskhive.md section 7
  'GET /api/v1/internal/tickets/:id/messages messages:list',
  'POST /api/v1/internal/tickets/:id/messages messages:create',
  // deskhive.md section 8
  'GET /api/v1/internal/departments departments:list',
  'POST /api/v1/internal/departments departments:create',
  'GET /api/v1/internal/departments/:id departments:read',
  'PUT /api/v1/internal/departments/:id departments:update',
  'DELETE /api/v1/internal/departments/:id departments:delete',
  // deskhive.md section 9
  'GET /api/v1/internal/categories categories:list',
  'POST /api/v1/internal/categories categories:create',
  'GET /api/v1/internal/categories/:id categories:read',
  'PUT /api/v1/internal/categories/:id categories:update',
  'DELETE /api/v1/internal/categories/:id categories:delete',
  // deskhive.md section 10
  'GET /api/v1/internal/labels labels:list',
  'POST /api/v1/internal/labels labels:create',
  'GET /api/v1/internal/labels/:id labels:read',
  'PUT /api/v1/internal/labels/:id labels:update',
  'DELETE /api/v1/internal/labels/:id labels:delete',
  // deskhive.md section 11
  'GET /api/v1/internal/products products:list',
  'POST /api/v1/internal/products products:create',
  'GET /api/v1/internal/products/:id products:read',
  'PUT /api/v1/internal/products/:id products:update',
  'DELETE /api/v1/internal/products/:id products:delete',
  // deskhive.md section 12
  'GET /api/v1/internal/customers customers:list',
  'POST /api/v1/internal/customers customers:create',
  'GET /api/v1/internal/customers/:id customers:read',
  'PUT /api/v1/internal/customers/:id customers:update',
  // deskhive.md section 13
  'GET /api/v1/internal/agents agents:list',
  'POST /api/v1/internal/agents agents:create',
  'GET /api/v1/internal/agents/:id agents:read',
  'PUT /api/v1/internal/agents/:id agents:update',
  'DELETE /api/v1/internal/agents/:id agents:delete',
  // deskhive.md section 14
  'GET /api/v1/internal/knowledge-categories knowledge-categories:list',
  'POST /api/v1/internal/knowledge-categories knowledge-categories:create',
  'GET /api/v1/internal/knowledge-categories/:id knowledge-categories:read',
  'PUT /api/v1/internal/knowledge-categories/:id knowledge-categories:update',
  'DELETE /api/v1/internal/knowledge-categories/:id knowledge-categories:delete',
  // deskhive.md section 15
  'GET /api/v1/internal/knowledge-articles knowledge-articles:list',
  'POST /api/v1/internal/knowledge-articles knowledge-articles:create',
  'GET /api/v1/internal/knowledge-articles/:id knowledge-articles:read',
  'PUT /api/v1/internal/knowledge-articles/:id knowledge-articles:update',
  'DELETE /api/v1/internal/knowledge-articles/:id knowledge-articles:delete',
  // deskhive.md section 16
  'GET /api/v1/internal/canned-responses canned-responses:list',
  'POST /api/v1/internal/canned-responses canned-responses:create',
  'GET /api/v1/internal/canned-responses/:id canned-responses:read',
  'PUT /api/v1/internal/canned-responses/:id canned-responses:update',
  'DELETE /api/v1/internal/canned-responses/:id canned-responses:delete',
  // deskhive.md section 17
  'GET /api/v1/internal/custom-fields custom-fields:list',
  'POST /api/v1/internal/custom-fields custom-fields:create',
  'GET /api/v1/internal/custom-fields/:id custom-fields:read',
  'PUT /api/v1/internal/custom-fields/:id custom-fields:update',
  'DELETE /api/v1/internal/custom-fields/:id custom-fields:delete',
  // deskhive.md section 18
  'GET /api/v1/internal/api-keys api-keys:list',
  'POST /api/v1/internal/api-keys api-keys:create',
  'GET /api/v1/internal/api-keys/:id api-keys:read',
  'PUT /api/v1/internal/api-keys/:id api-keys:update',
  'DELETE /api/v1/internal/api-keys/:id api-keys:delete',
  // deskhive.md 19.2
  'GET /api/v1/internal/reports/overview reports:overview',
  'GET /api/v1/internal/reports/agents reports:agents',
  'GET /api/v1/internal/reports/departments reports:departments',
  // deskhive.md 19.3
  'GET /api/v1/internal/settings settings:read',
  'PUT /api/v1/internal/settings settings:update',
  // deskhive.md sections 20 and 21
  // deskhive.md 19.1
  'GET /api/v1/internal/activity-logs activity-logs:list',
  // deskhive.md sections 20 to 23
  'GET /api/v1/external/connection-check agent',
  'GET /api/v1/external/dashboard agent',
  'GET /api/v1/external/tickets agent',
  'GET /api/v1/external/tickets/:id agent',
  'PUT /api/v1/external/tickets/:id agent',
  'PATCH /api/v1/external/tickets/:id agent',
  'GET /api/v1/external/tickets/:id/messages agent',
  'POST /api/v1/external/tickets/:id/messages agent',
  'POST /api/v1/external/tickets/:id/close agent',
  'POST /api/v1/external/tickets/:id/messages/:messageId/like agent',
  // deskhive.md section 22
  'GET /api/v1/external/canned-responses agent',
  // deskhive.md section 23
  'GET /api/v1/external/profile agent',
  'PUT /api/v1/external/profile agent',
  'GET /api/v1/external/knowledge-base/search agent',
  'GET /api/v1/external/notifications agent',
  'GET /api/v1/external/notifications/unread-count agent',
  'POST /api/v1/external/notifications/:id/read agent',
]

/** What no contract table has: partial changes (deskhive.md 3.5), additions, and the documents. */
const ourRows = [
  'GET /api/v1/workflows/templates workflows:read',
  'POST /api/v1/workflows/:id/simulate workflows:write',
  'POST /api/v1/internal/workflows/:id/simulate workflows:update',
  'GET /api/v1/workflows/:id/executions/:executionId workflows:read',
  'GET /api/v1/workflows/:id/versions workflows:read',
  'GET /api/v1/workflows/:id/versions/:version workflows:read',
  'POST /api/v1/workflows/:id/versions/:version/restore workflows:write',
  'GET /api/v1/internal/workflows workflows:list',
  'GET /api/v1/internal/workflows/templates workflows:list',
  'POST /api/v1/internal/workflows workflows:create',
  'GET /api/v1/internal/workflows/:id workflows:read',
  'PUT /api/v1/internal/workflows/:id workflows:update',
  'PATCH /api/v1/internal/workflows/:id workflows:update',
  'DELETE /api/v1/internal/workflows/:id workflows:delete',
  'POST /api/v1/internal/workflows/:id/trigger workflows:update',
  'GET /api/v1/internal/workflows/:id/executions workflows:read',
  'GET /api/v1/internal/workflows/:id/executions/:executionId workflows:read',
  'GET /api/v1/internal/workflows/:id/versions workflows:read',
  'GET /api/v1/internal/workflows/:id/versions/:version workflows:read',
  'POST /api/v1/internal/workflows/:id/versions/:version/restore workflows:update',
  // keva.md 5.4
  'POST /api/v1/approvals tickets:write|approvals:write',
  'POST /api/v1/webhooks/:id/replay webhooks:write',
  'GET /api/v1/webhooks/:id/deliveries/:deliveryId webhooks:read',
  'POST /api/v1/webhooks/:id/deliveries/:deliveryId/redeliver webhooks:write',
  'GET /api/v1/internal/webhooks webhooks:list',
  'POST /api/v1/internal/webhooks webhooks:create',
  'GET /api/v1/internal/webhooks/:id webhooks:read',
  'PUT /api/v1/internal/webhooks/:id webhooks:update',
  'PATCH /api/v1/internal/webhooks/:id webhooks:update',
  'DELETE /api/v1/internal/webhooks/:id webhooks:delete',
  'POST /api/v1/internal/webhooks/:id/rotate-secret webhooks:update',
  'POST /api/v1/internal/webhooks/:id/test webhooks:update',
  'POST /api/v1/internal/webhooks/:id/replay webhooks:update',
  'GET /api/v1/internal/webhooks/:id/deliveries webhooks:read',
  'GET /api/v1/internal/webhooks/:id/deliveries/:deliveryId webhooks:read',
  'POST /api/v1/internal/webhooks/:id/deliveries/:deliveryId/redeliver webhooks:update',
  'GET /api/v1/events events:read',
  'GET /api/v1/events/stream events:read',
  'GET /api/v1/internal/events events:read',
  'GET /api/v1/internal/events/stream events:read',
  'POST /api/v1/external/notifications/read-all agent',
  'PATCH /api/v1/internal/tickets/:id tickets:update',
  'PATCH /api/v1/internal/departments/:id departments:update',
  'PATCH /api/v1/internal/categories/:id categories:update',
  'PATCH /api/v1/internal/labels/:id labels:update',
  'PATCH /api/v1/internal/products/:id products:update',
  'PATCH /api/v1/internal/knowledge-categories/:id knowledge-categories:update',
  'PATCH /api/v1/internal/knowledge-articles/:id knowledge-articles:update',
  'PATCH /api/v1/internal/canned-responses/:id canned-responses:update',
  'PATCH /api/v1/internal/custom-fields/:id custom-fields:update',
  'PATCH /api/v1/internal/customers/:id customers:update',
  'POST /api/v1/internal/customers/:id/export customers:export',
  'POST /api/v1/internal/customers/:id/erase customers:erase',
  'PATCH /api/v1/internal/agents/:id agents:update',
  'PATCH /api/v1/internal/api-keys/:id api-keys:update',
  'PATCH /api/v1/internal/settings settings:update',
  'PATCH /api/v1/external/profile agent',
  'POST /api/v1/internal/session public',
  'POST /api/v1/internal/session/refresh public',
  'DELETE /api/v1/internal/session person',
  'POST /api/v1/external/session public',
  'POST /api/v1/external/session/refresh public',
  'DELETE /api/v1/external/session person',
  'GET /api/v1/openapi.json public',
  'GET /api/v1/internal/openapi.json public',
  'GET /api/v1/external/openapi.json public',
]

function rowsBelow(prefix: string): string[] {
  return surfaces
    .filter((surface) => surface.prefix === prefix)
    .flatMap(({ endpoints }) => endpoints)
    .map((row) => `${row.method} ${prefix}${row.path} ${row.access ?? scopesIn(row) ?? 'agent'}`)
}

/** `a|b` when either scope suffices. */
function scopesIn(row: Endpoint): string | undefined {
  return scopesOf(row).join('|') || undefined
}

const authoritative = ['/api/v1', '/api/v1/internal', '/api/v1/external']

test('what is served is what the contracts list, and our additions', () => {
  const served = authoritative.flatMap(rowsBelow)
  expect(served.toSorted()).toEqual([...contractRows, ...ourRows].toSorted())
})

test('the other bases of Keva serve the same rows (R1)', () => {
  const keva = rowsBelow('/api/v1').filter((row) => !row.includes('health-check'))
  const moved = (base: string) => keva.map((row) => row.replace('/api/v1', base)).toSorted()
  expect(rowsBelow('/api').toSorted()).toEqual(moved('/api'))
  expect(rowsBelow('/v1').toSorted()).toEqual(moved('/v1'))
})

const prefixes: { readonly [N in DocumentName]: string } = {
  keva: '/api/v1',
  pages: '/api',
  internal: '/api/v1/internal',
  external: '/api/v1/external',
}

const fixedPaths = {
  keva: /^\/(?!health-check)/,
  pages: /./,
  internal: /./,
  external: /./,
}

describe.each(documentNames)('the document of %s', (name) => {
  const prefix = prefixes[name]

  test('declares the rows that are served, with their scopes', async () => {
    const { documents } = await openLibrary()
    const declared = Object.entries(documents[name].paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${prefix}${path}`),
    )
    const served = rowsBelow(prefix)
      .map((row) => row.replace(/ [^ ]+$/, '').replace(/:(\w+)/g, '{$1}'))
      .filter((row) => fixedPaths[name].test(row.split(' ')[1]?.slice(prefix.length) ?? ''))
    expect(declared.toSorted()).toEqual(served.toSorted())
    for (const row of rowsBelow(prefix)) {
      const [method = '', path = '', scope = ''] = row.split(' ')
      if (!scope.includes(':')) continue
      const template = path.slice(prefix.length).replace(/:(\w+)/g, '{$1}')
      const place = ['paths', template, method.toLowerCase(), 'description']
      const told = scope.replace('|', '` or `')
      expect(valueAt(documents[name], place)).toContain(`Scope: \`${told}\`.`)
    }
  })

  test('is one of OpenAPI 3.1, complete and without contradiction', async () => {
    const { documents } = await openLibrary()
    // The runner puts matchers into what it compares, so it is given a copy.
    const document = documents[name]
    expect(structuredClone(document)).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d+$/),
      info: { title: expect.any(String), version: expect.any(String) },
      servers: [{ url: prefix }],
    })
    const ids = new Set<unknown>()
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        expect(structuredClone(operation)).toMatchObject({
          operationId: expect.any(String),
          responses: expect.any(Object),
          security: expect.any(Array),
        })
        expect(ids.has(operation['operationId'])).toBe(false)
        ids.add(operation['operationId'])
        const parameters = operation['parameters'] as { name: string; in: string }[]
        const inPath = parameters.filter((one) => one.in === 'path').map((one) => one.name)
        expect([method, inPath]).toEqual([method, namesIn(path)])
        expect(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size).toBe(
          parameters.length,
        )
        expectSecurity(document, operation)
      }
    }
  })

  test('refers only to what it holds', async () => {
    const { documents } = await openLibrary()
    const refs = JSON.stringify(documents[name]).matchAll(/"\$ref":"([^"]+)"/g)
    let count = 0
    for (const [, ref = ''] of refs) {
      expect(ref).toStartWith('#/')
      expect([ref, valueAt(documents[name], ref.slice(2).split('/'))]).toEqual([
        ref,
        expect.any(Object),
      ])
      count++
    }
    expect(count).toBeGreaterThan(0)
  })

  test('has schemas that compile strictly, all of them', async () => {
    const { documents, compile } = await openLibrary()
    const places = placesOfSchemas(documents[name], [])
    expect(places.length).toBeGreaterThan(20)
    for (const place of places) expect(compile(name, place)).toBeFunction()
  })

  test('is public, and the same each time', async () => {
    using app = await openTestApp()
    const line = `GET ${prefix}/openapi.json`
    const [first, second] = [await call(app, line), await call(app, line)]
    expect([first.status, second.text]).toEqual([200, first.text])
  })
})

function namesIn(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

/** Every scheme that an operation names is declared. */
function expectSecurity(document: object, operation: { readonly [name: string]: unknown }): void {
  for (const requirement of operation['security'] as object[]) {
    for (const scheme of Object.keys(requirement)) {
      const place = ['components', 'securitySchemes', scheme]
      expect(valueAt(document as { [name: string]: unknown }, place)).toBeObject()
    }
  }
}

/** Where the schemas of a document are: under every `schema`, and each component. */
function placesOfSchemas(value: unknown, place: readonly string[]): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const here = [...place, name]
    const isSchema =
      name === 'schema' || (place.length === 2 && place.join('/') === 'components/schemas')
    return isSchema ? [here] : placesOfSchemas(inner, here)
  })
}
