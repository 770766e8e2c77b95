import { z } from 'zod'
import { version } from '../lib/version.ts'
import { isStream, scopesOf, type Endpoint } from './endpoint.ts'

type Json = { readonly [name: string]: unknown }

/** What a dialect adds to its rows to make a document of them. */
export type DocumentParts = {
  readonly title: string
  readonly description: string
  /** Where the rows are mounted. */
  readonly prefix: string
  readonly endpoints: readonly Endpoint[]
  /** What every row that asks for a key takes besides. */
  readonly parameters?: readonly Json[]
  /** Each by itself opens a row; only what is no key opens those that are for people. */
  readonly security: readonly {
    readonly name: string
    readonly isKey: boolean
    readonly scheme: Json
  }[]
  /** The shape of every refusal, and the statuses that it comes with. */
  readonly refusal: z.ZodType
  readonly refusals: { readonly [status: number]: string }
}

/** The OpenAPI 3.1 document of the rows, from the declarations that check and answer requests. */
export function openapi(parts: DocumentParts): object {
  const definitions: { [name: string]: unknown } = {}
  const schemas: Schemas = {
    input: (shape) => schemaOf(shape, 'input', definitions),
    output: (shape) => schemaOf(shape, 'output', definitions),
  }
  const paths: { [path: string]: { [method: string]: unknown } } = {}
  for (const endpoint of parts.endpoints) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}')
    const operations = (paths[path] ??= {})
    operations[endpoint.method.toLowerCase()] = operationOf(endpoint, parts, schemas)
  }
  return {
    openapi: '3.1.1',
    info: { title: parts.title, description: parts.description, version, license: { name: 'MIT' } },
    servers: [{ url: parts.prefix }],
    paths,
    components: {
      schemas: definitions,
      securitySchemes: Object.fromEntries(parts.security.map(({ name, scheme }) => [name, scheme])),
    },
  }
}

/** The public row that serves a document, made when it is first asked for. */
export function documentRow(parts: Omit<DocumentParts, 'endpoints'>, rows: readonly Endpoint[]) {
  let document: object | undefined
  const row: Endpoint = {
    method: 'GET',
    path: '/openapi.json',
    scope: null,
    access: 'public',
    tag: 'Documents',
    summary: 'This document',
    answer: { status: 200, shape: z.looseObject({ openapi: z.string() }) },
    run() {
      document ??= openapi({ ...parts, endpoints: [...rows, row] })
      return { status: 200, body: document }
    },
  }
  return row
}

type Schemas = { input(shape: z.ZodType): Json; output(shape: z.ZodType): Json }

function operationOf(endpoint: Endpoint, parts: DocumentParts, schemas: Schemas): Json {
  const { summary, tag } = endpoint
  return {
    operationId: operationId(endpoint),
    tags: [tag],
    summary,
    description: `${summary}.${scopesIn(endpoint)}`,
    parameters: [
      ...pathParameters(endpoint),
      ...queryParameters(endpoint, schemas),
      ...conditions(endpoint),
      ...(isStream(endpoint) ? [lastEventId] : []),
      ...(endpoint.access === 'public' ? [] : (parts.parameters ?? [])),
    ],
    ...(endpoint.body && { requestBody: requestBody(schemas.input(endpoint.body)) }),
    responses: {
      ...successesOf(endpoint, schemas),
      ...unchangedOf(endpoint),
      ...refusalsOf(parts, schemas),
      ...staleOf(endpoint, parts, schemas),
      ...refusalsOf({ ...parts, refusals: endpoint.refusals ?? {} }, schemas),
    },
    security: securityOf(endpoint, parts),
  }
}

function securityOf({ access }: Endpoint, { security }: DocumentParts): Json[] {
  if (access === 'public') return []
  const schemes = security.filter(({ isKey }) => access !== 'person' || !isKey)
  return schemes.map(({ name }) => ({ [name]: [] }))
}

const lastEventId = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The last id that was seen, as a browser sends it by itself; goes before `after`',
  schema: { type: 'string' },
}

function successesOf(endpoint: Endpoint, schemas: Schemas): Json {
  const { answer, summary } = endpoint
  const { status, also, shape, isVersioned } = answer
  if (status === 204) return { 204: { description: summary } }
  if (isStream(endpoint)) return { [status]: streamed(summary, schemas.output(shape)) }
  const success = {
    ...json(summary, schemas.output(shape)),
    ...(isVersioned && { headers: { ETag: { schema: { type: 'string' } } } }),
  }
  return { [status]: success, ...(also !== undefined && { [also]: success }) }
}

/** Which scopes a key needs, of which one is enough. */
function scopesIn(endpoint: Endpoint): string {
  const scopes = scopesOf(endpoint).map((scope) => `\`${scope}\``)
  return scopes.length === 0 ? '' : ` Scope: ${scopes.join(' or ')}.`
}

/** What a record with a version takes and answers besides (RFC 9110, section 13). */
function conditions(endpoint: Endpoint): Json[] {
  const names = [
    ...(isRereadable(endpoint) ? ['If-None-Match'] : []),
    ...(endpoint.version ? ['If-Match'] : []),
  ]
  return names.map((name) => ({ name, in: 'header', schema: { type: 'string' } }))
}

function isRereadable({ method, answer }: Endpoint): boolean {
  return method === 'GET' && answer.isVersioned === true
}

function unchangedOf(endpoint: Endpoint): Json {
  return isRereadable(endpoint) ? { 304: { description: 'Not changed' } } : {}
}

function staleOf({ version }: Endpoint, { refusal }: DocumentParts, schemas: Schemas): Json {
  if (!version) return {}
  return { 412: json('Changed since it was read', schemas.output(refusal)) }
}

function refusalsOf({ refusal, refusals }: DocumentParts, schemas: Schemas): Json {
  const schema = schemas.output(refusal)
  return Object.fromEntries(
    Object.entries(refusals).map(([status, why]) => [status, json(why, schema)]),
  )
}

function operationId({ method, path }: Endpoint): string {
  const words = path.split('/').filter((part) => part !== '')
  return [method.toLowerCase(), ...words.map((word) => word.replace(/^:/, 'by-'))].join('-')
}

function pathParameters({ path }: Endpoint): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: Endpoint, schemas: Schemas): Json[] {
  if (!query) return []
  const { properties, required = [] } = schemas.input(query) as {
    properties: Json
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(required.includes(name) && { required: true }),
    schema,
  }))
}

function requestBody(schema: Json): Json {
  const { required } = schema as { required?: string[] }
  return { required: (required ?? []).length > 0, content: { 'application/json': { schema } } }
}

function json(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } }
}

/** Messages of which each has this as its data. */
function streamed(description: string, schema: Json): Json {
  const content = {
    schema: { type: 'string', contentMediaType: 'application/json', contentSchema: schema },
  }
  return { description, content: { 'text/event-stream': content } }
}

/** The schema of a shape, its named parts moved to the document's components. */
function schemaOf(
  shape: z.ZodType,
  io: 'input' | 'output',
  definitions: { [name: string]: unknown },
): Json {
  const made = z.toJSONSchema(shape, { io, unrepresentable: 'any' })
  const {
    $schema: _,
    $defs,
    ...schema
  } = JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json & {
    $schema?: string
    $defs?: Json
  }
  for (const [name, { id: _id, ...definition }] of Object.entries($defs ?? {}) as [
    string,
    Json,
  ][]) {
    definitions[name] = definition
  }
  return schema
}
