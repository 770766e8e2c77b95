// The rows that the nouns of deskhive.md sections 8 to 11, 16 and 17 have alike.

import { expect } from 'bun:test'
import { contract, type Before, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { internalRefusals } from '../refusals.ts'
import { meta, notFound } from './views.ts'

type Body = { readonly [field: string]: unknown }

export type Errors = { readonly [field: string]: readonly string[] }

type Wrong = { readonly name: string; readonly body: Body; readonly errors: Errors }

export type Noun = {
  readonly path: string
  /** The stem of its events. */
  readonly event: string
  /** The least that adds record 1, and how that shows. */
  readonly least: Body
  readonly view: Body
  /** Every field, with no value that is a default; it shows as it is. */
  readonly whole: Body
  /** What a client may send null for, all of it. */
  readonly nullable: readonly string[]
  /** What an empty body lacks. */
  readonly missing: Errors
  /** Bodies whose every value is wrong. */
  readonly wrong: readonly Wrong[]
  /** Records in the order in which they are added, each with its name, and their ids as listed. */
  readonly order: { readonly bodies: readonly Body[]; readonly ids: readonly number[] }
  /** What only a single read shows of record 1. */
  readonly more?: Body
}

export const stamps = { created_at: '2026-05-04T08:15:00Z', updated_at: '2026-05-04T08:15:00Z' }
export const at16 = '2026-05-04T08:16:00Z'
export const created = 'Created successfully'
export const updated = 'Updated successfully'
export const deleted = 'Deleted successfully'

export function minuteLater(app: TestApp): void {
  app.advance(60_000)
}

/** The 422 of these findings, in their order. */
export function invalid(errors: Errors): Pick<Row, 'status' | 'reply'> {
  const [first = '', ...others] = Object.values(errors).flat()
  const more = `(and ${others.length} more error${others.length === 1 ? '' : 's'})`
  const message = others.length === 0 ? first : `${first} ${more}`
  return {
    status: 422,
    reply: (body: { message: string; errors: object }) => {
      expect(body).toEqual({ message, errors })
      expect(Object.keys(body.errors)).toEqual(Object.keys(errors))
    },
  }
}

/** What a path answers afterwards. */
export function answers(line: string, status: number, body: unknown): Required<Row>['after'] {
  return async (app) => {
    const answer = await call(app, line, { key: 'special' })
    expect({ status: answer.status, body: answer.body }).toEqual({ status, body })
  }
}

/** Every endpoint of a noun. */
export function nounContract(noun: Noun): void {
  const line = `/api/v1/internal/${noun.path}`
  const add = { call: `POST ${line}`, body: noun.least } satisfies Before
  const addWhole = { call: `POST ${line}`, body: noun.whole } satisfies Before
  creation(noun, line)
  reading(noun, line, [add])
  listing(noun, line, [add])
  change({ ...noun, line, method: 'PUT', add, addWhole }, [
    { name: 'requires again what is required (D3)', body: {}, ...invalid(noun.missing) },
  ])
  change({ ...noun, line, method: 'PATCH', add, addWhole }, [
    {
      name: 'requires nothing',
      body: {},
      status: 200,
      reply: { data: noun.view, message: updated },
    },
  ])
  deletion(noun, line, [add])
}

/** The record with nothing in what may be null. */
function cleared({ view, whole, nullable }: Noun): Body {
  const nothing = Object.fromEntries(nullable.map((name) => [name, null]))
  return { ...view, ...whole, ...nothing }
}

function nulls({ nullable }: Noun): Body {
  return Object.fromEntries(nullable.map((name) => [name, null]))
}

function creation(noun: Noun, line: string): void {
  const createLine = `POST ${line}`
  const { event, least, view, whole, nullable } = noun
  const made = { status: 201, events: [`${event}.created`] }
  const blank = Object.fromEntries(nullable.map((name) => [name, '  ']))
  const padded = Object.fromEntries(
    Object.entries(whole).map(([name, value]) => [
      name,
      typeof value === 'string' ? ` ${value}\n` : value,
    ]),
  )
  contract(createLine, { key: 'special', call: createLine }, [
    {
      ...made,
      name: 'adds a record with the defaults',
      body: least,
      reply: { data: view, message: created },
    },
    {
      ...made,
      name: 'adds one for a key that has the scope, with all fields, trimmed',
      key: 'scoped',
      body: padded,
      reply: { data: { ...view, ...whole }, message: created },
    },
    {
      ...made,
      name: 'takes null as no value',
      body: { ...whole, ...nulls(noun) },
      reply: { data: cleared(noun), message: created },
    },
    {
      ...made,
      name: 'takes blank text as no value',
      body: { ...whole, ...blank },
      reply: { data: cleared(noun), message: created },
    },
    {
      ...made,
      name: 'ignores what is no field',
      body: { ...least, id: 9, created_at: '2020-01-01T00:00:00Z', agents: [1], x: 1 },
      reply: { data: view, message: created },
    },
    { name: 'requires what is required', body: {}, ...invalid(noun.missing) },
    ...noun.wrong.map(({ name, body, errors }): Row => ({ name, body, ...invalid(errors) })),
    ...internalRefusals(createLine),
  ])
}

function reading({ view, more }: Noun, line: string, given: readonly Before[]): void {
  const readLine = `GET ${line}/1`
  contract(readLine, { key: 'special', call: readLine, given }, [
    { name: 'shows a record', status: 200, reply: { data: { ...view, ...more } } },
    {
      name: 'shows it to a key that has the scope',
      key: 'scoped',
      status: 200,
      reply: { data: { ...view, ...more } },
    },
    { ...notFound, name: 'does not find another', call: `GET ${line}/2` },
    ...internalRefusals(`GET ${line}/99`),
  ])
}

/** A page with these records, in this order. */
function shown(ids: readonly number[], counted: object) {
  return (body: { readonly data: readonly { readonly id: number }[]; readonly meta: object }) => {
    expect(body.data.map((one) => one.id)).toEqual([...ids])
    expect(body.meta).toEqual(counted)
  }
}

function listing({ view, order }: Noun, line: string, given: readonly Before[]): void {
  const listLine = `GET ${line}`
  const several = order.bodies.map((body) => ({ call: `POST ${line}`, body }))
  const total = order.ids.length
  contract(listLine, { key: 'special', call: listLine }, [
    { name: 'is empty at first', status: 200, reply: { data: [], meta: meta(0) } },
    { name: 'shows whole records', given, status: 200, reply: { data: [view], meta: meta(1) } },
    {
      name: 'is in order, ties by id',
      given: several,
      status: 200,
      reply: shown(order.ids, meta(total)),
    },
    {
      name: 'pages',
      call: `${listLine}?per_page=2&page=2`,
      given: several,
      status: 200,
      reply: shown(order.ids.slice(2, 4), meta(total, 2, 2)),
    },
    {
      name: 'is empty past its end',
      call: `${listLine}?per_page=2&page=9`,
      given: several,
      status: 200,
      reply: { data: [], meta: meta(total, 9, 2) },
    },
    {
      name: 'is not deleted as a whole',
      call: `DELETE ${line}`,
      given,
      status: 405,
      reply: { message: 'Method not allowed' },
      answers: { allow: 'GET, HEAD, POST' },
    },
    ...internalRefusals(listLine),
  ])
}

type Changing = Noun & {
  readonly line: string
  readonly method: 'PUT' | 'PATCH'
  readonly add: Before
  readonly addWhole: Before
}

/** The rows of both verbs that change a record; `required` tells how they differ (D3). */
function change(noun: Changing, required: readonly Row[]): void {
  const { line, method, add, addWhole, event, least, view, whole } = noun
  const changeLine = `${method} ${line}/1`
  const given = [add, minuteLater]
  const changed = { status: 200, events: [`${event}.updated`] }
  const wholeView = { ...view, ...whole }
  contract(changeLine, { key: 'special', call: changeLine, given }, [
    {
      ...changed,
      name: 'changes everything',
      body: whole,
      reply: { data: { ...wholeView, updated_at: at16 }, message: updated },
      after: answers(`GET ${line}`, 200, {
        data: [{ ...wholeView, updated_at: at16 }],
        meta: meta(1),
      }),
    },
    {
      ...changed,
      name: 'keeps what is left out',
      given: [addWhole, minuteLater],
      body: least,
      reply: { data: { ...wholeView, ...least, updated_at: at16 }, message: updated },
    },
    ...(noun.nullable.length > 0
      ? [
          {
            ...changed,
            name: 'takes null to clear',
            given: [addWhole, minuteLater],
            body: { ...whole, ...nulls(noun) },
            reply: { data: { ...cleared(noun), updated_at: at16 }, message: updated },
          },
        ]
      : []),
    {
      name: 'changes nothing by the same values',
      given: [addWhole, minuteLater],
      body: whole,
      status: 200,
      reply: { data: wholeView, message: updated },
    },
    {
      ...notFound,
      name: 'does not find another, whatever the body',
      call: `${method} ${line}/2`,
      body: { sort_order: 'x', name: [] },
    },
    ...noun.wrong.map(({ name, body, errors }): Row => ({ name, body, ...invalid(errors) })),
    ...required,
    ...internalRefusals(`${method} ${line}/99`),
  ])
}

function deletion({ event }: Noun, line: string, given: readonly Before[]): void {
  const deleteLine = `DELETE ${line}/1`
  contract(deleteLine, { key: 'special', call: deleteLine, given }, [
    {
      name: 'deletes a record for good',
      status: 200,
      reply: { data: null, message: deleted },
      events: [`${event}.deleted`],
      after: answers(`GET ${line}/1`, 404, notFound.reply),
    },
    { ...notFound, name: 'does not find another', call: `DELETE ${line}/2` },
    ...internalRefusals(`DELETE ${line}/99`),
  ])
}

/** Bodies that differ in where they stand, and the ids as listed. */
export function bySortOrder(least: Body): Noun['order'] {
  return {
    bodies: [2, 0, 1, 0, 10].map((at) => ({ ...least, sort_order: at })),
    ids: [2, 4, 3, 1, 5],
  }
}

export const wrongOrder = 'The sort order field must be an integer.'
export const lowOrder = 'The sort order field must be at least 0.'
export const wrongStatus = 'The selected status is invalid.'
