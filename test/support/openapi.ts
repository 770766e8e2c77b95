// Every answer in a contract test is held against the OpenAPI document of its surface.

import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats/dist/index.js'
import { expect } from 'bun:test'
import { openTestApp } from './harness.ts'
import { call } from './send.ts'

type Json = { readonly [name: string]: unknown }

export type Document = Json & {
  readonly paths: { readonly [template: string]: { readonly [method: string]: Operation } }
}

type Operation = Json & { readonly responses: Json; readonly requestBody?: Json }

export type DocumentName = 'keva' | 'pages' | 'internal' | 'external'

/** Where each document is served, and below which prefixes its paths are. */
const served = {
  internal: { at: '/api/v1/internal', below: ['/api/v1/internal'] },
  external: { at: '/api/v1/external', below: ['/api/v1/external'] },
  keva: { at: '/api/v1', below: ['/api/v1', '/v1'] },
  pages: { at: '/api', below: ['/api'] },
} as const satisfies { readonly [N in DocumentName]: object }

export const documentNames = Object.keys(served) as DocumentName[]

/** What stands outside the groups, and so in no document of a group: path and whole body. */
const undocumented = new Map([['/api/v1/health-check', { message: 'Health check successful' }]])

export type Library = {
  readonly documents: { readonly [N in DocumentName]: Document }
  /** Compiles the schema at a place of a document, with the components that it refers to. */
  readonly compile: (name: DocumentName, place: readonly string[]) => ValidateFunction
}

let library: Promise<Library> | undefined

/** The documents as the app serves them, with a strict validator over them. */
export function openLibrary(): Promise<Library> {
  return (library ??= makeLibrary())
}

async function makeLibrary(): Promise<Library> {
  using app = await openTestApp()
  const fetched = documentNames.map(async (name) => {
    const { body } = await call(app, `GET ${served[name].at}/openapi.json`, { key: null })
    return [name, body] as const
  })
  const documents = Object.fromEntries(await Promise.all(fetched)) as Library['documents']
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true })
  addFormats(ajv)
  ajv.addFormat('idn-email', true)
  const compiled = new Map<string, ValidateFunction>()
  return {
    documents,
    compile(name, place) {
      const at = [name, ...place].join(' ')
      const known = compiled.get(at) ?? ajv.compile(schemaAt(documents[name], place))
      compiled.set(at, known)
      return known
    },
  }
}

/** The schema at a place, made whole: what it refers to comes along as its own definitions. */
function schemaAt(document: Document, place: readonly string[]): Json {
  const schema = valueAt(document, place)
  if (typeof schema !== 'object') throw new Error(`There is no schema at ${place.join(' ')}`)
  const whole = { ...schema, $defs: valueAt(document, ['components', 'schemas']) }
  return JSON.parse(JSON.stringify(whole).replaceAll('"#/components/schemas/', '"#/$defs/')) as Json
}

/** What is at a place of a document, or undefined. */
export function valueAt(document: Json, place: readonly string[]): unknown {
  return place.reduce<unknown>((value, name) => (value as Json | undefined)?.[name], document)
}

/** Fails unless the document of the path's surface declares this answer and its whole shape. */
export async function expectDocumented(
  request: { readonly method: string; readonly path: string },
  answer: { readonly status: number; readonly body: unknown },
): Promise<void> {
  const expected = undocumented.get(request.path)
  if (expected && answer.status === 200) {
    expect(answer.body).toEqual(expected)
    return
  }
  const { documents, compile } = await openLibrary()
  const name = documentOf(request.path)
  const method = request.method === 'HEAD' ? 'get' : request.method.toLowerCase()
  const template = templateOf(documents[name], name, { path: request.path, method })
  const operation = template === undefined ? undefined : documents[name].paths[template]?.[method]
  if (operation && answer.status === 204 && '204' in operation.responses) {
    expect(answer.body).toBeUndefined()
    return
  }
  const place =
    operation && template !== undefined
      ? answerPlace(operation, [template, method], answer.status)
      : refusalPlace(request.path, template, answer.status)
  const validate = compile(name, place)
  if (validate(answer.body)) return
  const what = `${request.method} ${request.path} answered ${answer.status}`
  throw new Error(`${what} in another shape: ${JSON.stringify(validate.errors)}`)
}

function documentOf(path: string): DocumentName {
  if (undocumented.has(path)) return 'internal'
  const name = documentNames.find((one) => prefixOf(one, path) !== undefined)
  return name ?? 'internal'
}

function prefixOf(name: DocumentName, path: string): string | undefined {
  return served[name].below.find((prefix) => path === prefix || path.startsWith(`${prefix}/`))
}

/** The template that a path is an instance of, one that has the method before others. */
function templateOf(
  document: Document,
  name: DocumentName,
  { path, method }: { readonly path: string; readonly method: string },
): string | undefined {
  const rest = path.slice((prefixOf(name, path) ?? '').length).replace(/\/$/, '')
  const fitting = Object.keys(document.paths).filter((template) => {
    const pattern = template.replaceAll('.', String.raw`\.`).replace(/\{[^}]+\}/g, '[^/]+')
    return new RegExp(`^${pattern}$`).test(rest)
  })
  return fitting.find((template) => document.paths[template]?.[method]) ?? fitting[0]
}

function answerPlace(operation: Operation, at: readonly string[], status: number): string[] {
  if (!(status in operation.responses)) {
    throw new Error(`${at.join(' ')} does not declare the status ${status}`)
  }
  return ['paths', ...at, 'responses', String(status), 'content', 'application/json', 'schema']
}

/** What no operation declares: an unknown path, or another method of a known one. */
function refusalPlace(path: string, template: string | undefined, status: number): string[] {
  const allowed = template === undefined ? [404, 400] : [405]
  if (!undocumented.has(path) && !allowed.includes(status))
    throw new Error(`Status ${status} of what is not in the document`)
  return ['components', 'schemas', 'Error']
}
