// Queues deliveries: `bun bench/queue.ts DIR`, asked for so many to a URL, spread over endpoints of which
// each is called twice at a time; to a single one they go in order, one at a time.

import { openDesk } from '../src/app.ts'
import { SigningKeys } from '../src/domain/signingkeys.ts'
import { systemActor, type Tx } from '../src/domain/tx.ts'
import { createWebhook } from '../src/domain/webhooks.ts'
import { insertDelivery } from '../src/store/deliverylists.ts'
import { machine } from './desk.ts'
import { answerParent } from './helpers.ts'

export type QueueAsk = {
  readonly url: string
  readonly count: number
  readonly atOnce: number
  readonly body: string
}

const perEndpoint = 2
const ticketId = 1

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: bun bench/queue.ts DIR')

answerParent(async ({ url, count, atOnce, body }: QueueAsk): Promise<number> => {
  using opened = await openDesk(directory, 'own', machine())
  const { desk, signing } = opened
  const { sealing } = new SigningKeys(
    signing,
    () => performance.now(),
    () => {},
  )
  const isOrdered = atOnce === 1
  const endpoints = Math.max(1, atOnce / perEndpoint)
  return await desk.write(systemActor, (tx) => {
    const ids = Array.from({ length: endpoints }, () => {
      const fields = { url, events: ['ticket.created'], isOrdered }
      return createWebhook(tx, fields, sealing).webhook.id
    })
    for (let n = 0; n < count; n++) queue(tx, ids[n % ids.length] ?? 1, n + 1, body)
    return count
  })
})

function queue(tx: Tx, endpointId: number, eventSequence: number, body: string): void {
  insertDelivery(tx.q, {
    uid: tx.uid(),
    endpointId,
    eventSequence,
    eventUid: tx.uid(),
    eventType: 'ticket.created',
    ticketId,
    body,
    dueAt: tx.now,
    createdAt: tx.now,
  })
}
