// Real requests to an app in the same process.

import type { KeyName, TestApp } from './harness.ts'

/** A standard key, the raw value of another one, a person's token (`{name}` as in paths), or none. */
export type KeyChoice = KeyName | { readonly raw: string } | { readonly bearer: string } | null

export type Sending = {
  readonly key?: KeyChoice
  readonly headers?: { readonly [name: string]: string }
  /** Text, bytes and forms as they are, anything else as JSON. */
  readonly body?: unknown
}

export type Answered = {
  readonly request: { readonly method: string; readonly path: string }
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed text, or undefined when it is empty. */
  readonly body: unknown
}

const origin = 'http://desk.test'

/** Sends `POST /path`; `{name}` in it stands for what a test named so. */
export async function call(app: TestApp, line: string, sending: Sending = {}): Promise<Answered> {
  const { method, path, request } = requestOf(app, line, sending)
  const response = await app.app.handle(request)
  const text = method === 'HEAD' ? '' : await response.text()
  const body: unknown = text === '' ? undefined : JSON.parse(text)
  return {
    request: { method, path },
    status: response.status,
    headers: response.headers,
    text,
    body,
  }
}

function filledIn(app: TestApp, text: string): string {
  return text.replace(/\{(\w+)\}/g, (all, name: string) => app.named.get(name) ?? all)
}

/** The request of a line, and what of it tests look at. */
export function requestOf(app: TestApp, line: string, sending: Sending) {
  const [method = 'GET', target = '/'] = filledIn(app, line).split(' ')
  const path = target.split('?')[0] ?? target
  const { key = null, headers = {}, body } = sending
  const sent = new Headers({ host: 'desk.test', ...keyHeader(app, path, key) })
  const isForm = body instanceof FormData || body instanceof URLSearchParams
  if (body !== undefined && !isForm) sent.set('content-type', 'application/json')
  for (const [name, value] of Object.entries(headers)) {
    if (value === '') sent.delete(name)
    else sent.set(name, value)
  }
  const given = { method, headers: sent, body: encoded(body) ?? null }
  return { method, path, request: new Request(`${origin}${target}`, given) }
}

/** Each dialect has its own header, whatever key is put into it. */
function keyHeader(app: TestApp, path: string, key: KeyChoice): { [name: string]: string } {
  if (key === null) return {}
  if (typeof key === 'object' && 'bearer' in key) {
    return { authorization: `Bearer ${filledIn(app, key.bearer)}` }
  }
  const raw = typeof key === 'string' ? app.raw(key) : key.raw
  return isDeskHive(path) ? { 'x-api-key': raw } : { authorization: `Bearer ${raw}` }
}

/** Whether a path is DeskHive's. */
export function isDeskHive(path: string): boolean {
  return /^\/api\/v1\/(internal|external|health-check)(\/|$)/.test(path) || !isKeva(path)
}

function isKeva(path: string): boolean {
  return /^\/(api|v1)(\/|$)/.test(path)
}

type Body = string | FormData | URLSearchParams | Uint8Array<ArrayBuffer>

function encoded(body: unknown): Body | undefined {
  if (body === undefined || typeof body === 'string') return body
  if (body instanceof FormData || body instanceof URLSearchParams) return body
  if (body instanceof Uint8Array) return new Uint8Array(body)
  return JSON.stringify(body)
}
