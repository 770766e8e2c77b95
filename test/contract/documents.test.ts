import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, test } from 'bun:test'
import { surfaces } from '../../src/app.ts'
import { openTestApp } from '../support/harness.ts'
import { call } from '../support/send.ts'

// Every document that is served, held against the published schema of OpenAPI itself by a validator
// that others wrote. The schemas in it are compiled in endpoints.test.ts.

type Json = { [name: string]: unknown }
type Paths = { [path: string]: { [method: string]: Json } }

const served = surfaces.flatMap(({ prefix, endpoints }) =>
  endpoints.flatMap(({ path }) => (path.endsWith('.json') ? [`${prefix}${path}`] : [])),
)

async function documentAt(path: string): Promise<Json> {
  using app = await openTestApp()
  return (await call(app, `GET ${path}`)).body as Json
}

async function verdictOn(document: Json) {
  const validator = new Validator()
  const { valid, errors } = await validator.validate(structuredClone(document))
  return { valid, errors, version: validator.version }
}

const sound = { valid: true, errors: undefined, version: '3.1' }

/** The first operation, to be spoilt. */
function someOperation(document: Json): Json {
  const [operations] = Object.values(document['paths'] as Paths)
  const [operation] = Object.values(operations ?? {})
  if (!operation) throw new Error('The document has no operation')
  return operation
}

const spoilings: readonly [string, (document: Json) => void][] = [
  ['no title', (document) => (document['info'] = { version: '1' })],
  ['no status at all', (document) => (someOperation(document)['responses'] = {})],
  ['a status without words', (document) => (someOperation(document)['responses'] = { 200: {} })],
  [
    'a parameter without a schema',
    (document) => (someOperation(document)['parameters'] = [{ name: 'x', in: 'query' }]),
  ],
  ['an unknown key', (document) => (someOperation(document)['answers'] = {})],
  [
    'a scheme of no kind',
    (document) => (document['components'] = { securitySchemes: { key: { type: 'key' } } }),
  ],
]

type Described = {
  readonly info: { readonly description: string }
  readonly paths: { readonly [path: string]: { readonly [method: string]: Tagged } }
}

type Tagged = { readonly tags?: readonly string[] }

describe('a document', () => {
  test('is served for each contract, and for each base of Keva that has one', () => {
    expect(served.toSorted()).toEqual([
      '/api/openapi.json',
      '/api/v1/external/openapi.json',
      '/api/v1/internal/openapi.json',
      '/api/v1/openapi.json',
      '/v1/openapi.json',
    ])
  })

  test.each(['/api/v1/openapi.json', '/v1/openapi.json', '/api/openapi.json'])(
    'at %s says in its description what there is',
    async (path) => {
      const { info, paths } = (await documentAt(path)) as unknown as Described
      const operations = Object.values(paths).flatMap((item) => Object.values(item))
      const nouns = new Set(operations.flatMap(({ tags = [] }) => tags))
      const told = info.description.toLowerCase()
      nouns.delete('Documents')
      const missing = [...nouns].filter((noun) => !told.includes(noun.toLowerCase()))
      expect([nouns.size > 7, missing]).toEqual([true, []])
    },
  )

  test.each(served)('at %s is OpenAPI 3.1 to its published schema', async (path) => {
    expect(await verdictOn(await documentAt(path))).toEqual(sound)
  })

  test.each(served)('at %s is not, once it is spoilt', async (path) => {
    const document = await documentAt(path)
    for (const [what, spoil] of spoilings) {
      const spoilt = structuredClone(document)
      spoil(spoilt)
      expect([what, (await verdictOn(spoilt)).valid]).toEqual([what, false])
    }
  })
})
