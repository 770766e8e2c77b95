import { Fault } from '../domain/errors.ts'

/** A larger body is refused unread. */
export const bodyBytesMax = 1024 * 1024

export type Body = { readonly value: unknown; readonly bytes: Uint8Array }

/**
 * Reads a request's body once. JSON by its own media type or by none at all; forms where the dialect
 * takes them, with `name[]` and `name[key]` as PHP reads them. JSON is an object, unless any will do. No body is an empty object. Throws
 * `too_large`, or `malformed` for what cannot be read or could not be stored as it was sent.
 */
export async function readBody(
  request: Request,
  { acceptsForms, takesAnyJson }: { acceptsForms: boolean; takesAnyJson: boolean },
): Promise<Body> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) return { value: {}, bytes }
  const type = mediaType(request)
  if (type === '' || type === 'application/json' || type.endsWith('+json')) {
    return { value: parseJson(decode(bytes), takesAnyJson), bytes }
  }
  if (!acceptsForms || !formTypes.has(type)) throw new Fault('malformed', 'contentType')
  return { value: await parseForm(bytes, request), bytes }
}

const formTypes = new Set(['application/x-www-form-urlencoded', 'multipart/form-data'])

function mediaType(request: Request): string {
  const header = request.headers.get('content-type') ?? ''
  const end = header.indexOf(';')
  return (end < 0 ? header : header.slice(0, end)).trim().toLowerCase()
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  // A body of a known length is read whole; making a stream of it first costs more than parsing it.
  if (declared === null) return request.body ? readChunks(request.body) : new Uint8Array()
  if (Number(declared) > bodyBytesMax) throw new Fault('too_large', 'body')
  return request.bytes()
}

async function readChunks(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    if (size > bodyBytesMax) throw new Fault('too_large', 'body')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Fault('malformed', 'json')
  }
}

function parseJson(text: string, takesAny: boolean): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Fault('malformed', 'json')
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject && !takesAny) {
    throw new Fault('malformed', 'json')
  }
  // Half a surrogate pair has no UTF-8 form, so it could not be given back as it came (RFC 7493 2.1).
  if (surrogateEscape.test(text) && !isWellFormed(value)) throw new Fault('malformed', 'json')
  return value
}

const surrogateEscape = /\\u[dD][89a-fA-F]/

function isWellFormed(root: unknown): boolean {
  const rest = [root]
  while (rest.length > 0) {
    const value = rest.pop()
    if (typeof value === 'string' && !value.isWellFormed()) return false
    if (typeof value !== 'object' || value === null) continue
    for (const [name, inner] of Object.entries(value)) rest.push(name, inner)
  }
  return true
}

async function parseForm(bytes: Uint8Array, request: Request): Promise<unknown> {
  const type = request.headers.get('content-type') ?? ''
  const fields = new Map<string, string | Collected>()
  try {
    const form = await new Response(bytes, { headers: { 'content-type': type } }).formData()
    form.forEach((entry, name) => {
      if (typeof entry === 'string') setFormValue(fields, name, entry)
    })
  } catch {
    throw new Fault('malformed', 'form')
  }
  return objectOf(
    [...fields].map(([name, value]) => [
      name,
      typeof value === 'string' ? value : arrayOrObject(value),
    ]),
  )
}

/** What was sent under one name with keys, and the key that the next one without gets. */
type Collected = { readonly entries: Map<string, string>; next: number }

/** `labels[]=4` adds to a list, `custom_fields[2]=x` sets a key, and a plain name sets a value. */
function setFormValue(fields: Map<string, string | Collected>, name: string, text: string): void {
  const [, base = name, key] = /^([^[\]]+)\[([^[\]]*)\]$/.exec(name) ?? []
  if (key === undefined) {
    fields.set(base, text)
    return
  }
  const held = fields.get(base)
  const collected = typeof held === 'object' ? held : { entries: new Map(), next: 0 }
  fields.set(base, collected)
  const at = key === '' ? String(collected.next) : key
  collected.entries.set(at, text)
  if (wholeKey.test(at)) collected.next = Math.max(collected.next, Number(at) + 1)
}

const wholeKey = /^(?:0|[1-9]\d{0,14})$/

/** Keys that count up from 0 make a list, any others an object, as PHP tells the two apart. */
function arrayOrObject({ entries }: Collected): unknown {
  const isList = [...entries.keys()].every((key, at) => key === String(at))
  return isList ? [...entries.values()] : objectOf([...entries])
}

function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  const made: { [name: string]: unknown } = Object.create(null)
  for (const [name, value] of entries) made[name] = value
  return made
}
