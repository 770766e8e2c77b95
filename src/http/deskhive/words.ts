import type { Blocked, Fault, FaultAbout, FaultKind, Issue, Rule } from '../../domain/errors.ts'
import type { Wording } from '../dialect.ts'
import { headersOf, oldestIn } from '../feed.ts'
import { graphField, graphSentence } from '../graphwords.ts'

// deskhive.md 2.1, 3.2 to 3.4: the codes that exist and their exact sentences, which are Laravel's.

const statuses: { readonly [K in FaultKind]: number } = {
  unauthenticated: 401,
  forbidden: 403,
  limited: 429,
  not_found: 404,
  gone: 410,
  method: 405,
  malformed: 400,
  too_large: 413,
  invalid: 422,
  refused: 403,
  conflict: 422,
  stale: 412,
  unavailable: 503,
}

const texts: { readonly [K in FaultKind]: { readonly [A in FaultAbout[K]]: string } } = {
  unauthenticated: {
    header: 'Missing header: X-API-KEY',
    format: 'Invalid API key',
    unknown: 'Invalid API key',
    revoked: 'Invalid API key',
    expired: 'Invalid API key',
    agent: 'Unauthorized',
    credentials: 'These credentials do not match our records.',
    session: 'Unauthenticated.',
    signature: 'Invalid webhook signature',
  },
  forbidden: { scope: 'Forbidden scope' },
  limited: { rate: 'Too Many Attempts.', streams: 'Too many open streams.' },
  not_found: {
    path: 'Not found',
    workspace: 'Not found',
    ticket: 'Not found',
    message: 'Not found',
    customer: 'Not found',
    article: 'Not found',
    approval: 'Not found',
    workflow: 'Not found',
    execution: 'Not found',
    key: 'Not found',
    webhook: 'Not found',
    delivery: 'Not found',
    record: 'Not found',
  },
  gone: { events: 'Events that old are no longer kept' },
  method: { method: 'Method not allowed' },
  malformed: {
    host: 'Invalid Host header',
    json: 'Malformed JSON body',
    form: 'Malformed form body',
    contentType: 'Unsupported Content-Type',
    idempotencyKey: 'Invalid Idempotency-Key header',
    cursor: 'Invalid cursor',
  },
  too_large: { body: 'Payload too large' },
  invalid: {
    body: 'The given data was invalid.',
    query: 'The given data was invalid.',
    graph: 'The given data was invalid.',
  },
  refused: {
    locked: 'Ticket is locked',
    lastAdmin: 'The last active admin must stay one',
    inactiveWebhook: 'Webhook is not active',
    approvalDecided: 'Approval has already been decided',
    approvalExpired: 'Approval has expired',
    ticketClosed: 'Ticket is closed',
    newCustomerMessage: 'Ticket has a new customer message',
    noDraft: 'Approval has no draft',
    assigneeGone: 'Assignee does not exist',
    loop: 'Too many webhooks led to this call',
    inactiveWorkflow: 'Workflow is not active',
  },
  conflict: { idempotency: 'The Idempotency-Key was used with another request.' },
  stale: { version: 'The record has been changed since it was read.' },
  unavailable: { storage: 'Service Unavailable', busy: 'Service Unavailable' },
}

export const crash: Wording = { status: 500, body: { message: 'Server Error' } }

export function word(fault: Fault): Wording {
  if (fault.kind === 'invalid') {
    const issues = fault.about === 'graph' ? fault.issues.map(inGraph) : fault.issues
    return { status: statuses.invalid, body: bagOf(issues) }
  }
  const byAbout: { readonly [about: string]: string } = texts[fault.kind]
  // A missing header is the one refusal of a stranger that is 400 (2.1, check 3).
  const status = fault.about === 'header' ? 400 : statuses[fault.kind]
  const message = `${byAbout[fault.about]}${oldestIn(fault)}`
  return { status, body: { message }, headers: headersOf(fault) }
}

/** The domain names the node; the body has it here. */
function inGraph(issue: Issue): Issue {
  return { ...issue, field: graphField('workflow_json', issue.field) }
}

/** Laravel's error bag: the first sentence, how many more there are, and all of them by field. */
function bagOf(issues: readonly Issue[]): object {
  const errors: { [field: string]: string[] } = {}
  for (const issue of issues) {
    const sentence = sentences[issue.rule] as (issue: Issue) => string
    errors[issue.field] = [...(errors[issue.field] ?? []), sentence(issue)]
  }
  const all = Object.values(errors).flat()
  const [first = texts.invalid.body] = all
  return { message: `${first}${moreThan(all.length - 1)}`, errors }
}

function moreThan(more: number): string {
  if (more <= 0) return ''
  return more === 1 ? ' (and 1 more error)' : ` (and ${more} more errors)`
}

const sentences: { readonly [R in Rule]: (issue: Extract<Issue, { rule: R }>) => string } = {
  required: ({ field }) => `The ${spaced(field)} field is required.`,
  string: ({ field }) => `The ${spaced(field)} field must be a string.`,
  integer: ({ field }) => `The ${spaced(field)} field must be an integer.`,
  boolean: ({ field }) => `The ${spaced(field)} field must be true or false.`,
  array: ({ field }) => `The ${spaced(field)} field must be an array.`,
  object: ({ field }) => `The ${spaced(field)} field must be an array.`,
  email: ({ field }) => `The ${spaced(field)} field must be a valid email address.`,
  date: ({ field }) => `The ${spaced(field)} field must be a valid date.`,
  number: ({ field }) => `The ${spaced(field)} field must be a number.`,
  hexColor: ({ field }) => `The ${spaced(field)} field must be a valid hexadecimal color.`,
  min: ({ field, min }) => `The ${spaced(field)} field must be at least ${min}.`,
  between: ({ field, min, max }) => `The ${spaced(field)} field must be between ${min} and ${max}.`,
  url: ({ field }) => `The ${spaced(field)} field must be a valid URL.`,
  subscription: ({ field }) => `The selected ${spaced(field)} is invalid.`,
  header: ({ field }) => `The ${spaced(field)} field must be a header that may be set.`,
  target: ({ field, blocked }) => `The ${spaced(field)} field ${targets[blocked]}.`,
  alphaDash: ({ field }) =>
    `The ${spaced(field)} field must only contain letters, numbers, dashes, and underscores.`,
  graph: ({ fault }) => graphSentence(fault),
  exists: ({ field }) => `The selected ${spaced(field)} is invalid.`,
  oneOf: ({ field }) => `The selected ${spaced(field)} is invalid.`,
  unique: ({ field }) => `The ${spaced(field)} has already been taken.`,
  max: ({ field, max }) => `The ${spaced(field)} field must not be greater than ${max} characters.`,
  minLength: ({ field, min }) => `The ${spaced(field)} field must be at least ${min} characters.`,
  afterNow: ({ field }) => `The ${spaced(field)} field must be a date after now.`,
  afterOrEqual: ({ field, other }) =>
    `The ${spaced(field)} field must be a date after or equal to ${spaced(other)}.`,
  most: ({ field, most }) => `The ${spaced(field)} field must not have more than ${most} items.`,
}

const targets: { readonly [B in Blocked]: string } = {
  url_invalid: 'must be a valid URL',
  url_scheme: 'must begin with https',
  url_credentials: 'must not contain credentials',
  port_blocked: 'must have the port 443, or one above 1023',
  address_blocked: 'must have a public address',
  not_encrypted: 'must begin with https',
  name_not_found: 'must have a host that can be found',
}

/** An element of a list keeps its raw name: `labels.0` (3.4). */
function spaced(field: string): string {
  return field.includes('.') ? field : field.replaceAll('_', ' ')
}
