import type { Fact } from '../domain/facts.ts'
import { textIn } from '../domain/workflowactions.ts'
import type { Call, CallOutcome, OutsideAction } from '../domain/workflowcalls.ts'
import { isDeeperThan } from '../lib/depth.ts'
import { isEmail } from '../lib/email.ts'
import { secondMs, type Millis } from '../lib/time.ts'
import { version } from '../lib/version.ts'
import { hopsHeader } from '../security/hops.ts'
import type { Mail, SendMail } from '../security/mail.ts'
import type { Outcome, Outgoing, Send } from '../security/outbound.ts'
import type { MakeCall } from './workflowcalls.ts'
import { askModel, type Model } from './workflowmodel.ts'

/** What workflows may use beyond the desk, as the settings name it. */
export type Services = {
  /** To addresses that a workflow names: vetted. */
  readonly send: Send
  /** To addresses that the settings name. */
  readonly sendToOwn: Send
  readonly mail: SendMail | null
  readonly model: Model | null
  /** Addresses by name: of channels, and of platforms. */
  readonly slack: ReadonlyMap<string, string>
  readonly teams: ReadonlyMap<string, string>
  readonly connectors: ReadonlyMap<string, string>
}

const textKept = 2000
const savedMax = 16_000
const savedLevelsMost = 32
const recipientsMax = 10
const subjectMax = 250

/** Makes the calls of workflows with the services that there are at that moment. */
export function callMaker(services: () => Services): MakeCall {
  return (call) =>
    Object.hasOwn(makers, call.type)
      ? makers[call.type](call, services())
      : Promise.resolve(final('There is no such call'))
}

type Make = (call: Call, services: Services) => Promise<CallOutcome>

const makers: { readonly [T in OutsideAction]: Make } = {
  send_webhook: (call, { send }) => sendWebhook(call, send),
  send_slack_message: (call, { slack, sendToOwn }) =>
    post(call, sendToOwn, channelIn(call, slack, 'slack'), { text: messageIn(call) }),
  send_teams_message: (call, { teams, sendToOwn }) =>
    post(call, sendToOwn, channelIn(call, teams, 'teams'), { text: messageIn(call) }),
  execute_connector_action: runConnector,
  send_email: sendEmail,
  generate_ai_response: (call, services) => useModel(call, services),
  classify_ticket: (call, services) => useModel(call, services),
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

// What a workflow may not set: ours, and what belongs to the connection or to the length of the body.
const reserved =
  /^(?:host|content-length|content-encoding|user-agent|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|date|idempotency-key|proxy-.*|x-deskbox-.*)$/i

async function sendWebhook(call: Call, send: Send): Promise<CallOutcome> {
  const { config } = call
  const method = textIn(config, 'method').toUpperCase() || 'POST'
  if (!methods.has(method)) return final(`send_webhook has no known method`)
  const given = config['headers']
  const extra = typeof given === 'object' && given !== null ? Object.entries<unknown>(given) : []
  const headers: { [name: string]: string } = {}
  for (const [name, value] of extra) {
    if (isPlain(value) && isFree(name)) headers[name] = String(value).replace(/\p{Cc}+/gu, ' ')
  }
  const body = bodyIn(config['body'])
  const outcome = await send({
    method: method as Outgoing['method'],
    url: textIn(config, 'url'),
    headers: { 'Content-Type': 'application/json', ...headers, ...ownHeaders(call) },
    body: method === 'GET' ? undefined : body,
  })
  return settled(outcome)
}

async function runConnector(call: Call, { connectors, sendToOwn }: Services): Promise<CallOutcome> {
  const platform = textIn(call.config, 'platform')
  const actionId = textIn(call.config, 'actionId', 'action')
  const url = connectors.get(platform)
  const missing = `The settings name no connector ${platform}`
  const params = call.config['params'] ?? {}
  return post(call, sendToOwn, url ?? { missing }, { platform, actionId, params, id: call.uid })
}

async function sendEmail({ uid, config }: Call, { mail }: Services): Promise<CallOutcome> {
  if (!mail) return final('E-mail is not set up ([email] in the settings)')
  const to = textIn(config, 'to', 'email')
    .split(',')
    .map((one) => one.trim())
  if (to.length > recipientsMax || !to.every(isEmail))
    return final('send_email has no valid address')
  const subject = textIn(config, 'subject').replace(/\p{Cc}+/gu, ' ')
  const text = textIn(config, 'body', 'content', 'message')
  const letter: Mail = { id: uid, to, subject: subject.slice(0, subjectMax), text }
  return (await mail(letter)) ?? { result: { to } }
}

async function useModel(call: Call, { model, sendToOwn }: Services): Promise<CallOutcome> {
  if (!model) return final('AI is not set up ([ai] in the settings)')
  return askModel(call, model, async (outgoing) => {
    const outcome = await sendToOwn({
      ...outgoing,
      headers: { ...outgoing.headers, ...ownHeaders(call) },
    })
    return { outcome, failure: failureOf(outcome) }
  })
}

async function post(
  call: Call,
  send: Send,
  url: string | { readonly missing: string },
  body: object,
): Promise<CallOutcome> {
  if (typeof url !== 'string') return final(url.missing)
  const headers = { 'Content-Type': 'application/json', ...ownHeaders(call) }
  return settled(await send({ method: 'POST', url, headers, body: JSON.stringify(body) }))
}

function channelIn(call: Call, channels: ReadonlyMap<string, string>, what: string) {
  const channel = textIn(call.config, 'channel').replace(/^#/, '')
  const url = channels.get(channel) ?? (channel === '' ? [...channels.values()][0] : undefined)
  return url ?? { missing: `The settings name no ${what} channel ${channel}`.trim() }
}

function messageIn({ config }: Call): string {
  return textIn(config, 'message', 'text', 'content')
}

/** The id is the same for every try of a call. */
function ownHeaders({ uid, attempts, hops }: Call) {
  return {
    'User-Agent': `Deskbox/${version}`,
    'Idempotency-Key': uid,
    'X-Deskbox-Attempt': String(attempts),
    [hopsHeader]: String(hops),
  }
}

function bodyIn(body: Fact | undefined): string | undefined {
  if (body === undefined || body === null) return undefined
  return typeof body === 'string' ? body : JSON.stringify(body)
}

/** Whether a workflow may set a header of that name. */
function isFree(name: string): boolean {
  return /^[\w-]{1,100}$/.test(name) && !reserved.test(name)
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function settled(outcome: Outcome): CallOutcome {
  const failure = failureOf(outcome)
  if (failure) return failure
  const { status, text } = outcome
  const variable = { value: saidIn(text), isFromModel: false }
  return { result: { status, answer: text.slice(0, textKept) }, variable }
}

/** What an answer says, for the steps after it: its JSON, or its text. */
function saidIn(text: string): Fact {
  const kept = text.slice(0, savedMax)
  try {
    const value = JSON.parse(kept) as Fact
    return isDeeperThan(value, savedLevelsMost) ? kept : value
  } catch {
    return kept
  }
}

/** Failures of the network that may pass; whatever else fails is for good. */
const passing: ReadonlySet<string> = new Set([
  'timeout',
  'connection_refused',
  'connection_reset',
  'name_not_found',
  'response_invalid',
])

function failureOf({ failure, status, retryAfter }: Outcome) {
  if (status !== null && status >= 200 && status < 300) {
    // What was done was done, however much was said of it.
    if (failure === null || failure === 'response_too_large') return null
  }
  if (status === null || failure !== null) {
    return { failure: `It could not be sent (${failure})`, isFinal: !passing.has(failure ?? '') }
  }
  const isFinal = status < 500 && status !== 429 && status !== 408
  return { failure: `It was answered ${status}`, isFinal, retryAfterMs: secondsIn(retryAfter) }
}

function secondsIn(retryAfter: string | null): Millis | undefined {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter)
    ? Number(retryAfter) * secondMs
    : undefined
}

function final(failure: string): CallOutcome {
  return { failure, isFinal: true }
}
