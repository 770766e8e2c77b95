import { beforeEach, describe, expect, test } from 'bun:test'
import type { Fact } from '../../src/domain/facts.ts'
import type { Call, OutsideAction } from '../../src/domain/workflowcalls.ts'
import { callMaker, type Services } from '../../src/jobs/workflowservices.ts'
import type { Mail } from '../../src/security/mail.ts'
import type { Outcome, Outgoing } from '../../src/security/outbound.ts'

const fine: Outcome = { failure: null, status: 200, retryAfter: null, text: 'ok', durationMs: 1 }

let sent: (Outgoing & { readonly by: 'send' | 'own' })[]
let mails: Mail[]
let outcome: Outcome
let services: { -readonly [K in keyof Services]: Services[K] }

beforeEach(() => {
  sent = []
  mails = []
  outcome = fine
  const sending = (by: 'send' | 'own') => (outgoing: Outgoing) => {
    sent.push({ ...outgoing, by })
    return Promise.resolve(outcome)
  }
  services = {
    send: sending('send'),
    sendToOwn: sending('own'),
    mail: null,
    model: null,
    slack: new Map([['support', 'https://slack.test/x']]),
    teams: new Map(),
    connectors: new Map([['shop', 'http://10.0.0.5/actions']]),
  }
})

function make(type: OutsideAction, config: { readonly [name: string]: Fact }) {
  const common = { stepId: 1, workflowId: 1, uid: 'u1', lease: 'l', attempts: 2, hops: 3 }
  const call: Call = { ...common, type, config }
  return callMaker(() => services)(call)
}

function said(text: string): Outcome {
  return { ...fine, text: JSON.stringify({ choices: [{ message: { content: text } }] }) }
}

/** What a call came to that was answered so, and what is saved of it. */
function answered(answer: string, value: unknown = answer): object {
  return { result: { status: 200, answer }, variable: { value, isFromModel: false } }
}

describe('send_webhook', () => {
  test('sends what it is told, under the id of the call, and not what only we may say', async () => {
    const headers = {
      'X-Own': 'a\r\nb',
      Host: 'evil',
      'Idempotency-Key': 'mine',
      'bad name': 'x',
      'X-Deskbox-Hops': '0',
    }
    const body = { id: 5 }
    expect(
      await make('send_webhook', { url: 'https://x.test/a', method: 'put', headers, body }),
    ).toEqual({
      result: { status: 200, answer: 'ok' },
      variable: { value: 'ok', isFromModel: false },
    })
    expect(sent).toEqual([
      {
        by: 'send',
        method: 'PUT',
        url: 'https://x.test/a',
        headers: {
          'Content-Type': 'application/json',
          'X-Own': 'a b',
          'User-Agent': expect.stringMatching(/^Deskbox\//) as string,
          'Idempotency-Key': 'u1',
          'X-Deskbox-Attempt': '2',
          'X-Deskbox-Hops': '3',
        },
        body: '{"id":5}',
      },
    ])
  })

  test.each<[Partial<Outcome>, object]>([
    [
      { failure: 'timeout', status: null },
      { failure: 'It could not be sent (timeout)', isFinal: false },
    ],
    [
      { failure: 'address_blocked', status: null },
      { failure: 'It could not be sent (address_blocked)', isFinal: true },
    ],
    [{ status: 404 }, { failure: 'It was answered 404', isFinal: true }],
    [{ status: 302 }, { failure: 'It was answered 302', isFinal: true }],
    [{ status: 503 }, { failure: 'It was answered 503', isFinal: false }],
    [
      { status: 429, retryAfter: '120' },
      { failure: 'It was answered 429', isFinal: false, retryAfterMs: 120_000 },
    ],
    [{ failure: 'response_too_large', text: 'x' }, answered('x', 'x')],
    [{ text: '{"id":"A-7"}' }, answered('{"id":"A-7"}', { id: 'A-7' })],
    [{ text: '['.repeat(40) + ']'.repeat(40) }, answered('['.repeat(40) + ']'.repeat(40))],
  ])('%p: %p', async (came, expected) => {
    outcome = { ...fine, ...came }
    expect(await make('send_webhook', { url: 'https://x.test' })).toEqual(expected as never)
  })

  test('has a method that there is', async () => {
    expect(await make('send_webhook', { url: 'https://x.test', method: 'BREW' })).toEqual({
      failure: 'send_webhook has no known method',
      isFinal: true,
    })
  })
})

describe('channels and connectors', () => {
  test('are those that the settings name', async () => {
    await make('send_slack_message', { channel: '#support', message: 'Hi' })
    await make('send_slack_message', { message: 'Hi' })
    await make('execute_connector_action', {
      platform: 'shop',
      actionId: 'refund',
      params: { n: 1 },
    })
    expect(sent.map(({ by, url, body }) => [by, url, body])).toEqual([
      ['own', 'https://slack.test/x', '{"text":"Hi"}'],
      ['own', 'https://slack.test/x', '{"text":"Hi"}'],
      [
        'own',
        'http://10.0.0.5/actions',
        '{"platform":"shop","actionId":"refund","params":{"n":1},"id":"u1"}',
      ],
    ])
  })

  test('that they do not name are clear failures', async () => {
    expect(await make('send_slack_message', { channel: 'sales', message: 'x' })).toEqual({
      failure: 'The settings name no slack channel sales',
      isFinal: true,
    })
    expect(await make('send_teams_message', { message: 'x' })).toEqual({
      failure: 'The settings name no teams channel',
      isFinal: true,
    })
    expect(await make('execute_connector_action', { platform: 'crm', actionId: 'x' })).toEqual({
      failure: 'The settings name no connector crm',
      isFinal: true,
    })
    expect(sent).toEqual([])
  })
})

describe('e-mail', () => {
  test('is handed over under the id of the call', async () => {
    services.mail = (mail) => {
      mails.push(mail)
      return Promise.resolve(null)
    }
    const config = { to: 'a@b.test, c@d.test', subject: 'Hi\r\nBcc: x@y.test', body: 'Text' }
    expect(await make('send_email', config)).toEqual({ result: { to: ['a@b.test', 'c@d.test'] } })
    expect(mails).toEqual([
      { id: 'u1', to: ['a@b.test', 'c@d.test'], subject: 'Hi Bcc: x@y.test', text: 'Text' },
    ])
    expect(await make('send_email', { to: 'nobody', body: 'x' })).toEqual({
      failure: 'send_email has no valid address',
      isFinal: true,
    })
  })

  test('that is not set up is a clear failure', async () => {
    expect(await make('send_email', { to: 'a@b.test', body: 'x' })).toEqual({
      failure: 'E-mail is not set up ([email] in the settings)',
      isFinal: true,
    })
  })
})

describe('a model', () => {
  const model = { baseUrl: 'https://model.test/v1/', name: 'm', apiKey: 'secret' }

  test('that is not set up is a clear failure', async () => {
    expect(await make('generate_ai_response', { promptTemplate: 'x' })).toEqual({
      failure: 'AI is not set up ([ai] in the settings)',
      isFinal: true,
    })
  })

  test('writes a text, which is marked', async () => {
    services.model = model
    outcome = said('  Dear Mara  ')
    expect(
      await make('generate_ai_response', { promptTemplate: 'Answer', ticket: { subject: 's' } }),
    ).toEqual({
      result: { output: 'Dear Mara', model: 'm' },
      variable: { value: 'Dear Mara', isFromModel: true },
    })
    expect(sent.map(({ by, url }) => [by, url])).toEqual([
      ['own', 'https://model.test/v1/chat/completions'],
    ])
    expect(sent[0]?.headers['Authorization']).toBe('Bearer secret')
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({
      model: 'm',
      messages: [
        { role: 'system' },
        { role: 'user', content: 'Answer\n\nThe ticket: {"subject":"s"}' },
      ],
    })
  })

  test('sorts a ticket, whatever it wraps its answer in', async () => {
    services.model = model
    outcome = said('Sure:\n```json\n{"category":"billing","sentiment":"negative","x":1}\n```')
    const value = { category: 'billing', sentiment: 'negative', urgency: null }
    expect(await make('classify_ticket', { ticket: { subject: 's' } })).toEqual({
      result: { output: value, model: 'm' },
      variable: { value, isFromModel: true },
    })
  })

  test.each([said(''), said('no idea'), { ...fine, text: 'not json' }, { ...fine, text: '{}' }])(
    'that answers nothing usable may do better: %p',
    async (answer) => {
      services.model = model
      outcome = answer
      expect(await make('classify_ticket', {})).toEqual({
        failure: 'The model gave no usable answer',
        isFinal: false,
      })
    },
  )

  test('that fails is tried again when that may help', async () => {
    services.model = model
    outcome = { ...fine, status: 401 }
    expect(await make('classify_ticket', {})).toEqual({
      failure: 'It was answered 401',
      isFinal: true,
    })
    outcome = { ...fine, status: 500 }
    expect(await make('classify_ticket', {})).toEqual({
      failure: 'It was answered 500',
      isFinal: false,
    })
  })
})
