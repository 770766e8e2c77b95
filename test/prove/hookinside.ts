import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { labels } from '../../src/domain/catalog.ts'
import { install } from '../../src/domain/installation.ts'
import { Outbox } from '../../src/domain/outbox.ts'
import { Desk, systemActor, type Tx } from '../../src/domain/tx.ts'
import { createWebhook, rotateSecret } from '../../src/domain/webhooks.ts'
import { secretsOf } from '../../src/domain/webhookseals.ts'
import { payloadOf } from '../../src/http/payloads.ts'
import { dayMs } from '../../src/lib/time.ts'
import type { Outgoing } from '../../src/security/outbound.ts'
import { clientOf, openStore, randomBytes, tempFolder } from '../store/fixtures.ts'
import { answered, openDeliveries, opening, sealing } from '../support/deliveries.ts'
import type { CheckResult } from './checks.ts'

type Rotation = { readonly perSecond: number; readonly seconds: number; readonly rotations: number }

const inPlaceMs = 250

/**
 * Secrets that change while much is delivered: whoever has the newest secret, or the one before, can tell
 * every delivery from a forged one; after a day the old one is gone; no more than three sign (W9).
 */
export async function proveRotation({
  perSecond,
  seconds,
  rotations,
}: Rotation): Promise<CheckResult> {
  const calls: { readonly call: Outgoing; readonly secrets: readonly string[] }[] = []
  const known: string[] = []
  // Nobody has a new secret in place before a call that is under way has come.
  const held: string[] = []
  const hold = (secret: string) => void setTimeout(() => held.push(secret), inPlaceMs)
  using folder = tempFolder('rotate')
  using opened = openStore(folder.path)
  const house = await openDeliveries({
    store: opened.store,
    isLive: true,
    receive(call) {
      calls.push({ call, secrets: held.slice(-2) })
      return answered(200)
    },
  })
  const { id, secret } = await house.endpoint()
  known.push(secret)
  held.push(secret)
  const total = perSecond * seconds
  const between = Math.max(1, Math.floor(total / (rotations + 1)))
  const problems: string[] = []
  const began = performance.now()
  for (let n = 0; n < total; n++) {
    if (n > 0 && n % between === 0) {
      const rotated = await house.write((tx) => rotateSecret(tx, id, sealing))
      known.push(rotated.secret)
      hold(rotated.secret)
      const live = house.desk.read(systemActor, (reader) => secretsOf(reader, id, opening))
      if (live.length > 3) problems.push(`${live.length} secrets are live`)
    }
    await house.announce()
    house.deliverer.wake()
    await Bun.sleep(Math.max(0, began + (n * 1000) / perSecond - performance.now()))
  }
  await house.settle()
  const unverifiable = calls.filter(({ call, secrets }) => !secrets.every((one) => isBy(call, one)))
  if (unverifiable.length > 0) problems.push(`${unverifiable.length} could not be told from forged`)
  const strange = calls.filter(({ call }) => isBy(call, `whsec_${btoa('x'.repeat(32))}`))
  if (strange.length > 0)
    problems.push(`${strange.length} are good by a secret that signs for nobody`)
  if (calls.length < total) problems.push(`${calls.length} of ${total} came`)
  const oneDayOn = await liveAfterADay(house.store, id)
  if (oneDayOn !== 1) problems.push(`${oneDayOn} secrets are live a day later`)
  const said = JSON.stringify(house.logged)
  if (known.some((one) => said.includes(one))) problems.push('a secret is in the log')
  const stored = filesIn(folder.path)
  if (known.some((one) => stored.includes(one))) problems.push('a secret is in the database')
  return { figure: `${calls.length} deliveries, ${known.length - 1} rotations`, problems }
}

/** Every byte of the files of a folder. */
function filesIn(folder: string): Buffer {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((one) => one.isFile())
  return Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))))
}

async function liveAfterADay(store: Parameters<typeof clientOf>[0], id: number): Promise<number> {
  const later = new Desk({ store, clock: () => Date.now() + dayMs + 1, random: randomBytes(3) })
  return later.read(systemActor, (reader) => secretsOf(reader, id, opening)).length
}

function isBy({ headers, body = '' }: Outgoing, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, { ...headers })
    return true
  } catch {
    return false
  }
}

/**
 * Transactions that fail after the change, between its event and the deliveries of it, and after those: there
 * is no change without its event and its deliveries, and none of those without it (J3).
 */
export async function proveOutbox(transactions: number): Promise<CheckResult> {
  using folder = tempFolder('outbox')
  using opened = openStore(folder.path)
  const state = { isFailing: false }
  const outbox = new Outbox((event) => {
    if (state.isFailing) throw new Error('between the event and its deliveries')
    return payloadOf(event)
  })
  const desk = new Desk({ store: opened.store, clock: Date.now, random: randomBytes(5), outbox })
  const write = <T>(job: (tx: Tx) => T extends PromiseLike<unknown> ? never : T) =>
    desk.write<T>(systemActor, job)
  await write(install)
  const fields = { url: 'https://hook.test/', events: ['label.*'] }
  for (let n = 0; n < 2; n++) await write((tx) => createWebhook(tx, fields, sealing).webhook.id)
  let kept = 0
  const attempt = (n: number) =>
    write((tx) => {
      state.isFailing = n % 4 === 1
      try {
        labels.create(tx, { name: `Label ${n}`, color: '#abc' })
      } finally {
        state.isFailing = false
      }
      if (n % 4 === 2) throw new Error('after the deliveries')
      if (n % 4 === 3) {
        labels.create(tx, { name: `Other ${n}`, color: '#abc' })
        throw new Error('after the deliveries of two')
      }
      return n
    }).then(
      () => void kept++,
      () => {},
    )
  for (let n = 0; n < transactions; n += 64) {
    await Promise.all(
      Array.from({ length: Math.min(64, transactions - n) }, (_, at) => attempt(n + at)),
    )
  }
  const count = (sql: string) => Number(clientOf(opened.store).prepare(sql).pluck().get())
  const changes = count('SELECT count(*) FROM labels')
  const events = count("SELECT count(*) FROM events WHERE type = 'label.created'")
  const deliveries = count("SELECT count(*) FROM deliveries WHERE event_type = 'label.created'")
  const problems = [
    ...(changes === kept ? [] : [`${changes} changes, ${kept} acknowledged`]),
    ...(events === changes ? [] : [`${events} events of ${changes} changes`]),
    ...(deliveries === 2 * changes ? [] : [`${deliveries} deliveries of ${changes} changes`]),
    ...(kept > 0 && kept < transactions ? [] : ['nothing failed, or all did']),
  ]
  return { figure: `${transactions} transactions, ${transactions - kept} failed`, problems }
}
