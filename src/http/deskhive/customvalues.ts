import { z } from 'zod'
import {
  customFieldTypes,
  type CustomFieldType,
  type CustomValues,
} from '../../domain/customvalues.ts'
import type { Finding } from '../../domain/errors.ts'
import type { Reader } from '../../domain/tx.ts'
import { isEmail } from '../../lib/email.ts'
import { integerId } from '../../lib/ids.ts'
import { isAtMost } from '../../lib/text.ts'
import { isDay } from '../../lib/time.ts'
import { isWebAddress } from '../../lib/url.ts'
import { asking } from '../fields.ts'
import { trimmed } from './fields.ts'

const charactersMax = 65_535

type Given = { readonly [id: string]: unknown }

/**
 * Values by the id of their custom field, each as its type asks; null or blank text for none. A list is
 * read as PHP has it, by the numbers of its places, since that is what a form may come to.
 */
export function customValues() {
  const value = z.unknown().meta({ type: ['string', 'number', 'null'] })
  const values = z.preprocess(asMap, z.record(z.string(), value).optional())
  return asking(values, { rule: 'inspection', inspect })
}

/** The values as the domain takes them: text, or null for none. */
export function customValuesOf(given: Given | undefined): CustomValues | undefined {
  if (given === undefined) return undefined
  return new Map(
    Object.entries(given).map(([id, value]) => [
      Number(id),
      value === null ? null : String(value as string | number),
    ]),
  )
}

function asMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, trimmed(one)]))
}

function inspect(reader: Reader, given: Given) {
  const ids = Object.keys(given).flatMap((key) => integerId(key) ?? [])
  const types = customFieldTypes(reader, ids)
  return Object.entries(given).flatMap(([key, value]) => {
    const type = types.get(integerId(key) ?? 0)
    const found: Finding | undefined = type ? findingOf(type, value) : { rule: 'exists' }
    return found ? [{ key, ...found }] : []
  })
}

/** What is wrong with a value of the type, if anything. */
function findingOf(type: CustomFieldType, value: unknown): Finding | undefined {
  if (value === null) return undefined
  const { rule, ofOthers = rule, fits } = kinds[type]
  const text = type === 'number' && typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return { rule: ofOthers }
  if (!fits(text)) return { rule }
  return isAtMost(text, charactersMax) ? undefined : { rule: 'max', max: charactersMax }
}

type Kind = {
  readonly rule: 'string' | 'email' | 'url' | 'number' | 'date'
  /** What is said of what is no text, when that is another rule. */
  readonly ofOthers?: 'string'
  readonly fits: (text: string) => boolean
}

const plain: Kind = { rule: 'string', fits: () => true }
const number: Kind = { rule: 'number', fits: (text) => numberPattern.test(text) }
const time: Kind = { rule: 'date', fits: (text) => timePattern.test(text) }

/** What each type takes, in the spelling of the HTML input of its name (deskhive.md section 17). */
const kinds: { readonly [T in CustomFieldType]: Kind } = {
  text: plain,
  textarea: plain,
  tel: plain,
  email: { rule: 'email', ofOthers: 'string', fits: isEmail },
  url: { rule: 'url', ofOthers: 'string', fits: isWebAddress },
  number,
  date: { rule: 'date', fits: isDay },
  datetime_local: { rule: 'date', fits: isLocalMoment },
  time,
}

const numberPattern = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?$/i
const timePattern = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?$/

/** `2026-05-04T08:15`: no zone, because it is the hour that a clock on the wall shows. */
function isLocalMoment(text: string): boolean {
  const [day = '', time = '', ...rest] = text.split(/[T ]/)
  return rest.length === 0 && isDay(day) && timePattern.test(time)
}
