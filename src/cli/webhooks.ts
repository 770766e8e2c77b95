import type { OpenDesk } from '../app.ts'
import { deliveryStatuses, listDeliveries } from '../domain/deliveries.ts'
import { systemActor } from '../domain/tx.ts'
import {
  getWebhook,
  getWebhookByUid,
  listWebhooks,
  updateWebhook,
  type Webhook,
} from '../domain/webhooks.ts'
import { presentDelivery } from '../http/keva/deliveries.ts'
import { presentWebhook } from '../http/keva/webhooks.ts'
import { integerId, uidOf } from '../lib/ids.ts'
import { argsOf, countOf, UsageError, wordsOf } from './args.ts'
import { readNamed, tellOfDesk, type Told } from './deskverbs.ts'
import type { Io } from './io.ts'
import { folderFlags } from './settings.ts'
import { verifyWebhook } from './webhookverify.ts'

export const webhooksHelp = `usage: deskbox webhooks list
       deskbox webhooks enable ID
       deskbox webhooks disable ID
       deskbox webhooks deliveries ID [--status pending|delivered|dead]
                    [--last N]
       deskbox webhooks verify (--secret SECRET | --secret-file FILE)
                    --signature SIGNATURE [--id ID] [--timestamp T] < BODY

The webhooks of the desk, beside a running server too, which takes notice at
once. One that was switched off for failing begins anew when it is enabled.

  ID             whk_… as in the APIs of Keva, or the number of DeskHive
  --last N       so many deliveries, the newest (default 20)
  --config FILE, --data DIR   as for deskbox serve
  --json         machine-readable output, in the words of Keva's API

verify says whether a webhook was signed with the secret, and why not. The body
on standard input must be what came in, byte for byte. The exit code is 0 for a
good signature, 1 for another.

  --signature S       the header webhook-signature, or X-Keva-Signature
  --id ID             the header webhook-id; not needed for X-Keva-Signature
  --timestamp T       the header webhook-timestamp; nor is this
  --secret SECRET     the secret, whsec_ included
  --secret-file FILE  a file that holds it; others could see an argument
  --tolerance S       how many seconds old or early it may be (default 300)`

const flags = {
  ...folderFlags,
  status: { type: 'string' },
  last: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

type Called = {
  readonly opened: OpenDesk
  readonly values: Flags
  /** The words behind the verb. */
  readonly words: readonly string[]
}

type Verb = {
  /** What its words are. */
  readonly takes: readonly string[]
  run(called: Called): Told | Promise<Told>
}

const most = 10_000

/** `deskbox webhooks list|enable|disable|deliveries|verify`. Answers the exit code. */
export async function webhooks(args: string[], io: Io): Promise<number> {
  const [name = '', ...rest] = args
  if (name === 'verify') return verifyWebhook(rest, io)
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) {
    throw new UsageError(`webhooks needs one of: ${[...Object.keys(verbs), 'verify'].join(', ')}`)
  }
  const { values, positionals: words } = argsOf(rest, flags)
  wordsOf(`webhooks ${name}`, words, verb.takes)
  for (const flag of ['last', 'status'] as const) {
    if (values[flag] !== undefined && name !== 'deliveries') {
      throw new UsageError(`webhooks ${name} has no --${flag}`)
    }
  }
  countOf('--last', values.last, most)
  statusOf(values.status)
  return await tellOfDesk(io, values, (opened) => verb.run({ opened, values, words }))
}

const verbs: { readonly [name: string]: Verb } = {
  list: {
    takes: [],
    run({ opened: { desk } }) {
      const { rows } = desk.read(systemActor, (reader) =>
        listWebhooks(reader, { limit: most, offset: 0 }),
      )
      return { json: rows.map(presentWebhook), lines: rows.map(webhookLine) }
    },
  },

  enable: { takes: ['ID'], run: (called) => switched(called, true) },

  disable: { takes: ['ID'], run: (called) => switched(called, false) },

  deliveries: {
    takes: ['ID'],
    run(called) {
      const { id } = meant(called)
      const { last, status } = called.values
      const window = { limit: countOf('--last', last, most) ?? 20, offset: 0 }
      const { rows } = called.opened.desk.read(systemActor, (reader) =>
        listDeliveries(reader, id, { status: statusOf(status) }, window),
      )
      const shown = rows.map(presentDelivery)
      return { json: shown, lines: shown.map(deliveryLine) }
    },
  },
}

function statusOf(text: string | undefined) {
  if (text === undefined) return undefined
  const status = deliveryStatuses.find((one) => one === text)
  if (status) return status
  throw new UsageError(`--status must be one of: ${deliveryStatuses.join(', ')}`)
}

/** The webhook that is meant. Throws in words when there is none. */
function meant({ opened, words: [word = ''] }: Called): Webhook {
  const id = integerId(word)
  return readNamed(opened, `There is no webhook ${word}`, (reader) =>
    id === undefined ? getWebhookByUid(reader, uidOf('webhook', word)) : getWebhook(reader, id),
  )
}

async function switched(called: Called, isActive: boolean): Promise<Told> {
  const { id } = meant(called)
  const webhook = await called.opened.desk.write<Webhook>(systemActor, (tx) =>
    // What seals secrets is not needed: none is changed.
    updateWebhook(tx, id, { isActive }, ''),
  )
  return { json: presentWebhook(webhook), lines: [webhookLine(webhook)] }
}

function webhookLine(webhook: Webhook): string {
  const { id, url, events, isActive, disabledReason, failingSince } = presentWebhook(webhook)
  const off = disabledReason === null ? 'off' : `off (${disabledReason})`
  const failing = failingSince === null ? 'active' : `failing since ${failingSince}`
  // The rest of an address may hold a secret.
  const host = URL.parse(url)?.host ?? 'nowhere'
  return [id, isActive ? failing : off, host, events.join(',')].join('  ')
}

function deliveryLine(delivery: ReturnType<typeof presentDelivery>): string {
  const { id, status, deadReason, eventType, attempts, responseStatus, failure } = delivery
  const state = deadReason === null ? status : `${status} (${deadReason})`
  const answer = failure ?? (responseStatus === null ? 'not tried yet' : String(responseStatus))
  return [id, state, delivery.createdAt, eventType, `${attempts} attempts`, answer].join('  ')
}
