import { emailKey, sortName } from '../lib/text.ts'
import type { FoundRow } from '../store/personal.ts'

// What becomes of each text of a row when its person is erased. In rows that are not the person's own, only
// the person's addresses are taken out.

/** Stands where something was erased. */
export const erased = '[erased]'

/** Why what was under way did not go on. */
export const customerErased = 'The customer was erased'

/** What a text of the person's own rows becomes. */
type Treatment = (text: string, traces: Traces, row: FoundRow) => string | null

/** By what a person is known in a text. */
export type Traces = {
  /** In lower case. */
  readonly addresses: readonly string[]
  /** In lower case: names are only taken for the person's where they are all of a text. */
  readonly names: readonly string[]
}

const whole: Treatment = () => erased
const gone: Treatment = () => null
const reason: Treatment = (text) => (text === customerErased ? text : erased)
const mentions: Treatment = withoutAddresses
const ofPerson: Treatment = (text, traces) =>
  isPerson(text, traces) ? null : withoutAddresses(text, traces)
const told: Treatment = (text, traces) =>
  isPerson(text, traces) ? erased : withoutAddresses(text, traces)
const json: Treatment = (text, traces) =>
  mapJson(text, (part, isPersonal) => (isPersonal ? erased : told(part, traces, noRow)))
const everyText: Treatment = (text) => mapJson(text, () => erased)
/** What a step did; the kind of action that it is stays, by which a call that waits is known. */
const deed: Treatment = (text) => {
  const { type } = JSON.parse(text) as { type?: unknown }
  const rest = JSON.parse(everyText(text, nobody, noRow) ?? '{}') as object
  return JSON.stringify(type === undefined ? rest : { ...rest, type })
}
const nobody: Traces = { addresses: [], names: [] }
const noRow = { is_tied: 1 }

/** By table and column. Every text of a place is here; test/domain/privacy.test.ts sees to it. */
export const treatments: { readonly [table: string]: { readonly [column: string]: Treatment } } = {
  tickets: { subject: whole, escalation_reason: gone },
  messages: { sender_name: ofPerson, sender_email: ofPerson, body: whole },
  approvals: {
    draft: whole,
    edited_draft: whole,
    title: whole,
    changes: json,
    description: whole,
    params: everyText,
    diff: everyText,
    classification: json,
    reasoning: everyText,
    feedback: whole,
  },
  notifications: { sender_name: ofPerson },
  delivery_attempts: { response_text: gone },
  deliveries: { body: json },
  activity: {
    subject: told,
    // The subject that a ticket was given; other changes are told in the desk's own words.
    detail: (text, traces, { kind }) =>
      kind === 'ticket.subject' ? erased : told(text, traces, noRow),
  },
  events: { body: json },
  workflow_runs: { trigger_data: everyText, variables: everyText, error: reason },
  workflow_steps: { detail: deed, error: reason },
  idempotency: { body: json },
  customers: { notes: mentions, block_reason: mentions },
  articles: { title: mentions, excerpt: mentions, content: mentions },
  canned_responses: { title: mentions, content: mentions },
}

/** The texts of a row that change, as they are to be. */
export function treated(
  table: string,
  row: FoundRow,
  traces: Traces,
): { readonly [column: string]: string | null } {
  const changes: { [column: string]: string | null } = {}
  for (const [column, treat] of Object.entries(treatments[table] ?? {})) {
    const text = row[column]
    if (typeof text !== 'string' || text === '') continue
    const after = row.is_tied ? treat(text, traces, row) : withoutAddresses(text, traces)
    if (after !== text) changes[column] = after
  }
  return changes
}

function isPerson(text: string, { addresses, names }: Traces): boolean {
  const folded = text.toLowerCase()
  return addresses.includes(folded) || names.includes(folded)
}

function withoutAddresses(text: string, { addresses }: Traces): string {
  return addresses.reduce((rest, address) => {
    const pattern = new RegExp(RegExp.escape(address), 'giu')
    return rest.replace(pattern, erased)
  }, text)
}

/** The names under which the dialects and the events speak of people and of what they write. */
const personalNames = new Set(
  [
    ['email', 'name', 'phone', 'company', 'location', 'avatar_url', 'avatarUrl', 'notes', 'tags'],
    ['customerEmail', 'customer_email', 'customerName', 'customer_name', 'jobTitle', 'job_title'],
    ['senderEmail', 'sender_email', 'senderName', 'sender_name', 'envato_username', 'blockReason'],
    ['subject', 'title', 'body', 'content', 'message', 'text', 'draft', 'editedDraft', 'excerpt'],
    ['description', 'reasoning', 'feedback', 'reason', 'customFields', 'custom_fields'],
    ['last_message', 'lastMessage', 'preview', 'edited_draft', 'escalationReason'],
  ].flat(),
)

type MapText = (text: string, isPersonal: boolean) => string | null

/** Maps every text in a JSON text; what is below a personal name is personal. */
function mapJson(json: string, map: MapText): string | null {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return map(json, true)
  }
  return JSON.stringify(mapValue(value, map, false))
}

function mapValue(value: unknown, map: MapText, isPersonal: boolean): unknown {
  if (typeof value === 'string') return map(value, isPersonal)
  if (Array.isArray(value)) return value.map((item) => mapValue(item, map, isPersonal))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      mapValue(inner, map, isPersonal || personalNames.has(name)),
    ]),
  )
}

const erasedDomain = 'erased.invalid'

/** What is left of a customer's own row. */
export function leftOf(uid: string) {
  const email = `erased-${uid}@${erasedDomain}`
  return { ...nothing, email, emailKey: emailKey(email), sortName: sortName(email) }
}

const nothing = {
  name: null,
  phone: null,
  company: null,
  jobTitle: null,
  location: null,
  timezone: null,
  avatarUrl: null,
  envatoUsername: null,
  tags: [],
  notes: null,
  blockReason: null,
  overallSentiment: null,
  sentimentTrend: null,
  salesforceContactId: null,
  hubspotContactId: null,
}
