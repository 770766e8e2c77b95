import type { Blocked, Fault, FaultAbout, FaultKind, Issue, Rule } from '../../domain/errors.ts'
import type { Wording } from '../dialect.ts'
import { headersOf, oldestIn } from '../feed.ts'
import { graphField, graphSentence } from '../graphwords.ts'

// keva.md 3.4 and 3.5: the codes that exist and their exact strings.

const statuses: { readonly [K in FaultKind]: number } = {
  unauthenticated: 401,
  forbidden: 403,
  limited: 429,
  not_found: 404,
  gone: 410,
  method: 405,
  malformed: 400,
  too_large: 400,
  invalid: 422,
  refused: 400,
  conflict: 422,
  stale: 412,
  unavailable: 503,
}

const texts: { readonly [K in FaultKind]: { readonly [A in FaultAbout[K]]: string } } = {
  unauthenticated: {
    header: 'Missing or invalid Authorization header',
    format: 'Invalid API key format',
    unknown: 'Invalid API key',
    revoked: 'API key has been revoked',
    expired: 'API key has expired',
    agent: 'Invalid API key',
    credentials: 'Invalid credentials',
    session: 'Invalid API key',
    signature: 'Invalid webhook signature',
  },
  forbidden: { scope: 'Insufficient scope' },
  limited: { rate: 'Rate limit exceeded', streams: 'Too many open streams' },
  not_found: {
    path: 'Not found',
    workspace: 'Workspace not found',
    ticket: 'Ticket not found',
    message: 'Message not found',
    customer: 'Customer not found',
    article: 'Entry not found',
    approval: 'Approval not found',
    workflow: 'Workflow not found',
    execution: 'Execution not found',
    key: 'Not found',
    webhook: 'Webhook not found',
    delivery: 'Delivery not found',
    record: 'Not found',
  },
  gone: { events: 'Events that old are no longer kept' },
  method: { method: 'Method not allowed' },
  malformed: {
    host: 'Invalid Host header',
    json: 'Invalid JSON body',
    form: 'Invalid JSON body',
    contentType: 'Content-Type must be application/json',
    idempotencyKey: 'Invalid Idempotency-Key header',
    cursor: 'Invalid cursor',
  },
  too_large: { body: 'Request body too large' },
  invalid: { body: 'Validation failed', query: 'Bad query', graph: 'Validation failed' },
  refused: {
    locked: 'Ticket is locked',
    lastAdmin: 'The last active admin must stay one',
    inactiveWebhook: 'Webhook is not active',
    approvalDecided: 'Approval has already been decided',
    approvalExpired: 'Approval has expired',
    ticketClosed: 'Ticket is closed',
    newCustomerMessage: 'Ticket has a new customer message since the proposal',
    noDraft: 'Approval has no draft to edit',
    assigneeGone: 'Proposed assignee does not exist any more',
    loop: 'Too many webhooks led to this call',
    inactiveWorkflow: 'Workflow is not active',
  },
  conflict: { idempotency: 'Idempotency-Key was used with another request' },
  stale: { version: 'Resource has been changed since it was read' },
  unavailable: {
    storage: 'Service temporarily unavailable',
    busy: 'Service temporarily unavailable',
  },
}

export const crash: Wording = { status: 500, body: { error: 'Internal server error' } }

export function word(fault: Fault): Wording {
  if (fault.kind === 'invalid') {
    const issues = fault.about === 'graph' ? fault.issues.map(inGraph) : fault.issues
    return wordIssues(issues, fault.about === 'query')
  }
  const byAbout: { readonly [about: string]: string } = texts[fault.kind]
  const error = `${byAbout[fault.about]}${oldestIn(fault)}`
  return { status: statuses[fault.kind], body: { error }, headers: headersOf(fault) }
}

/** The domain names the node; the body has it here (8.5). */
function inGraph(issue: Issue): Issue {
  return { ...issue, field: graphField('workflowJson', issue.field) }
}

/** A bad query, or a bad word where only a few may stand, is 400 with the first; all else is 422 (R9). */
function wordIssues(issues: readonly Issue[], isQuery: boolean): Wording {
  const [first] = issues
  if (first && (isQuery || issues.every((issue) => issue.rule === 'oneOf'))) {
    return { status: 400, body: { error: sentenceOf(first) } }
  }
  const details = issues.map((issue) => ({ field: issue.field, message: sentenceOf(issue) }))
  return { status: 422, body: { error: texts.invalid.body, details } }
}

function sentenceOf(issue: Issue): string {
  const sentence = sentences[issue.rule] as (issue: Issue) => string
  return sentence(issue)
}

const invalidFormat = ({ field }: { field: string }) => `Invalid ${spaced(field)} format`

const sentences: { readonly [R in Rule]: (issue: Extract<Issue, { rule: R }>) => string } = {
  required: ({ field }) => `${capital(spaced(field))} is required`,
  string: invalidFormat,
  integer: invalidFormat,
  boolean: invalidFormat,
  array: invalidFormat,
  object: invalidFormat,
  date: invalidFormat,
  number: invalidFormat,
  hexColor: invalidFormat,
  min: ({ field, min }) => `${capital(spaced(field))} must be at least ${min}`,
  between: ({ field, min, max }) => `${capital(spaced(field))} must be between ${min} and ${max}`,
  url: invalidFormat,
  subscription: ({ field }) => `Invalid ${field}. Must be an event type, ticket.* or *`,
  header: ({ field }) => `Invalid ${field}. Must be a header that may be set, of printable text`,
  target: ({ field, blocked }) => `${capital(spaced(field))} ${targets[blocked]}`,
  alphaDash: ({ field }) =>
    `${capital(spaced(field))} may contain only letters, digits, dashes and underscores`,
  graph: ({ fault }) => graphSentence(fault),
  email: () => 'Invalid email format',
  exists: ({ field }) => `Invalid ${field}`,
  unique: ({ field }) => `${capital(spaced(field))} is already in use`,
  oneOf: ({ field, allowed }) => `Invalid ${field}. Must be one of: ${allowed.join(', ')}`,
  max: ({ field, max }) => `${capital(spaced(field))} must be at most ${max} characters`,
  minLength: ({ field, min }) => `${capital(spaced(field))} must be at least ${min} characters`,
  afterNow: ({ field }) => `${capital(spaced(field))} must be in the future`,
  afterOrEqual: ({ field, other }) =>
    `${capital(spaced(field))} must not be before ${spaced(other)}`,
  most: ({ field, most }) => `${capital(spaced(field))} must have at most ${most} entries`,
}

const targets: { readonly [B in Blocked]: string } = {
  url_invalid: 'must be a whole URL',
  url_scheme: 'must begin with https',
  url_credentials: 'must not have credentials in it',
  port_blocked: 'must have the port 443, or one above 1023',
  address_blocked: 'must have a public address',
  not_encrypted: 'must begin with https',
  name_not_found: 'must have a host that can be found',
}

/** `customerEmail` as people write it: `customer email`. What is inside a field keeps its name. */
function spaced(field: string): string {
  return field.replace(/^[^.]+/, (name) =>
    name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
  )
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
