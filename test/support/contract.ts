// A contract test is a table: one row, one request to a fresh app, and everything that must follow.

import { describe, expect, test } from 'bun:test'
import { openTestApp, type TestApp } from './harness.ts'
import { expectDocumented } from './openapi.ts'
import { call, isDeskHive, type Answered, type KeyChoice, type Sending } from './send.ts'

/** A request that comes before, and what its `data.id` is called in later paths. */
export type Before = Sending & { readonly call: string; readonly as?: string }

type Seed = (app: TestApp) => void | Promise<void>

export type Given = Seed | readonly (Seed | Before)[]

export type Row = Sending & {
  readonly name: string
  /** What happened before, with the table's key unless it names another. */
  readonly given?: Given
  /** `METHOD /path?query`; the table's when absent. */
  readonly call?: string
  readonly status: number
  /** The whole body, with matchers where it cannot be known; a function may look at it closer. */
  readonly reply: unknown
  /** The events of this request alone; none unless stated. */
  readonly events?: readonly string[]
  /** Headers that must be so, too; null for those that must be absent. */
  readonly answers?: { readonly [name: string]: unknown }
  /** What must hold afterwards. */
  readonly after?: (app: TestApp, answer: Answered) => void | Promise<void>
}

export type Defaults = { readonly key?: KeyChoice; readonly call?: string; readonly given?: Given }

/** Runs each row on an app of its own and checks all that the contracts promise of every answer. */
export function contract(title: string, defaults: Defaults, rows: readonly Row[]): void {
  describe(title, () => {
    for (const row of rows) {
      test(row.name, async () => {
        using app = await openTestApp()
        await runRow(app, { ...defaults, ...row })
      })
    }
  })
}

async function runRow(app: TestApp, row: Row): Promise<void> {
  const { call: line = '', key = null, given = [] } = row
  await arrange(app, given, key)
  const before = app.lastSequence()
  const answer = await call(app, line, { ...row, key })
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status: row.status })
  expectReply(answer, row.reply)
  expect(app.eventsAfter(before).map((event): string => event.type)).toEqual([
    ...(row.events ?? []),
  ])
  for (const [name, value] of Object.entries(row.answers ?? {})) {
    const sent: object = { [name]: answer.headers.get(name) }
    expect(sent).toEqual({ [name]: value })
  }
  expectCommonHeaders(answer)
  await expectDocumentedUnlessEmpty(answer)
  await row.after?.(app, answer)
}

/** Does what comes before a request; each step must succeed. */
export async function arrange(app: TestApp, given: Given, key: KeyChoice): Promise<void> {
  for (const step of typeof given === 'function' ? [given] : given) {
    if (typeof step === 'function') {
      await step(app)
      continue
    }
    const answer = await call(app, step.call, { key, ...step })
    expect({ step: step.call, ok: answer.status < 300, body: answer.body }).toMatchObject({
      ok: true,
    })
    if (step.as !== undefined) app.named.set(step.as, idIn(answer))
  }
}

/** The id of the record in an answer. */
export function idIn(answer: Answered): string {
  const { data } = answer.body as { data: { id: string | number } }
  return String(data.id)
}

function expectReply(answer: Answered, reply: unknown): void {
  if (typeof reply === 'function') reply(answer.body)
  else expect(answer.body).toEqual(reply)
}

async function expectDocumentedUnlessEmpty({ request, ...answer }: Answered): Promise<void> {
  if (request.method === 'HEAD') return
  await expectDocumented(request, answer)
}

const wholeNumber = expect.stringMatching(/^\d+$/)

/** The type of every body, and the rate headers of the dialect (keva.md 3.3, deskhive.md 2.6). */
export function expectCommonHeaders({ request, status, headers }: Answered): void {
  const isRefused = status === 429
  const hasReset = isRefused || !isDeskHive(request.path)
  expect({
    type: headers.get('content-type'),
    limit: headers.get('x-ratelimit-limit'),
    remaining: headers.get('x-ratelimit-remaining'),
    reset: headers.get('x-ratelimit-reset'),
    retry: headers.get('retry-after'),
  }).toEqual({
    type: 'application/json',
    limit: wholeNumber,
    remaining: wholeNumber,
    reset: hasReset ? wholeNumber : null,
    retry: isRefused ? wholeNumber : null,
  })
}

/** A public id of the noun with this prefix. */
export function uid(prefix: string): string {
  return expect.stringMatching(new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`)) as string
}
