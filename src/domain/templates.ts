import { isoSeconds } from '../lib/time.ts'
import { folded, valueAt, type Fact, type Facts } from './facts.ts'
import { variableOf } from './conditionfields.ts'

/** A text, and whether a model wrote a part of it. */
export type Rendered = { readonly text: string; readonly isFromModel: boolean }

/** Values of a configuration, rendered, and whether a model wrote a part of them. */
export type RenderedConfig = {
  readonly config: { readonly [name: string]: Fact }
  readonly isFromModel: boolean
}

const depthMax = 20
/** What is put into one text at most. */
const textMax = 200_000

// A brace ends what the pattern has taken, so it goes over a text once however many open in it.
const place = /\{\{([^{}]*)\}\}/g

/**
 * Fills every `{{path}}` (keva.md 8.5) with what it stands for; an unknown path with nothing. Values are put in
 * as they are: what a customer or a model wrote is never a template itself.
 */
export function renderTemplate(facts: Facts, template: string): Rendered {
  let isFromModel = false
  let room = textMax
  const text = template.replace(place, (_, path: string) => {
    const found = lookUp(facts, path.trim().split('.'))
    if (found.isFromModel && found.value !== null) isFromModel = true
    const put = textOf(found.value).slice(0, room)
    room -= put.length
    return put
  })
  return { text, isFromModel }
}

/** Renders every text in a configuration, those inside lists and objects too. */
export function renderConfig(
  facts: Facts,
  config: { readonly [name: string]: unknown },
): RenderedConfig {
  let isFromModel = false
  const rendered = (value: unknown, depth: number): Fact => {
    if (typeof value === 'string') {
      const done = renderTemplate(facts, value)
      if (done.isFromModel) isFromModel = true
      return done.text
    }
    if (typeof value !== 'object' || value === null) return (value ?? null) as Fact
    if (depth === depthMax) return null
    if (Array.isArray(value)) return value.map((one) => rendered(one, depth + 1))
    const members = Object.entries(value).map(([name, one]) => [name, rendered(one, depth + 1)])
    return Object.fromEntries(members) as { [name: string]: Fact }
  }
  return { config: rendered(config, 0) as { [name: string]: Fact }, isFromModel }
}

type Found = { readonly value: Fact; readonly isFromModel: boolean }

type Root = (facts: Facts, names: readonly string[]) => Found

const roots: { readonly [name: string]: Root } = {
  ticket: ({ ticket, customer }, names) =>
    given(
      ticket && {
        ...ticket,
        customerEmail: customer?.email ?? null,
        createdAt: isoSeconds(ticket.createdAt),
        updatedAt: isoSeconds(ticket.updatedAt),
      },
      names,
    ),
  customer: ({ customer }, names) => given(customer && { ...customer }, names),
  message({ message }, names) {
    if (message === null) return nothing
    const { isFromModel, ...told } = message
    return { value: valueAt(told, names), isFromModel }
  },
  customfields: ({ customFields }, names) => given(customFields, [names.join('.')]),
  variables(facts, [name = '', ...inside]) {
    const variable = variableOf(facts, name)
    if (!variable) return nothing
    return { value: valueAt(variable.value, inside), isFromModel: variable.isFromModel }
  },
  trigger: ({ trigger: { type, at, data } }, names) =>
    given({ type, timestamp: isoSeconds(at), data }, names),
}

const aliases: { readonly [name: string]: string } = { customfield: 'customfields' }

const nothing: Found = { value: null, isFromModel: false }

function lookUp(facts: Facts, [root = '', ...names]: readonly string[]): Found {
  const name = folded(root)
  const known = aliases[name] ?? name
  if (names.length === 0 || !Object.hasOwn(roots, known)) return nothing
  return roots[known]?.(facts, names) ?? nothing
}

function given(value: Fact, names: readonly string[]): Found {
  return { value: valueAt(value, names), isFromModel: false }
}

/** How a value stands in a text. */
export function textOf(value: Fact): string {
  if (value === null) return ''
  if (Array.isArray(value) && value.every((one) => one === null || typeof one !== 'object')) {
    return value.map((one) => textOf(one)).join(', ')
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
