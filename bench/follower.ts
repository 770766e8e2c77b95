// One reader of the event stream: asked how fast it can read, or how soon it hears of a change.

import { answerParent } from './helpers.ts'
import { quantile } from './stats.ts'

export type Following = {
  readonly url: string
  readonly key: string
  readonly seconds: number
  /** Read from the oldest event on; or change this ticket so often, and wait to hear of it. */
  readonly what: 'replay' | { readonly ticket: string; readonly perSecond: number }
}

/** Events per second, and ms from sending a change to hearing of it, which holds the commit. */
export type Followed = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
}

answerParent(async (asked: Following): Promise<Followed> => {
  const { what } = asked
  return what === 'replay' ? replay(asked) : live(asked, what)
})

async function replay({ url, key, seconds }: Following): Promise<Followed> {
  const first = await fetch(`${url}/api/v1/events?limit=1`, { headers: bearer(key) })
  const { data } = (await first.json()) as { data: [{ sequence: number }] }
  const began = performance.now()
  let seen = 0
  let ms = 0
  // Once all is read only a heartbeat comes, seconds later, which is not waited for.
  const isOver = AbortSignal.timeout(seconds * 1000)
  const see = (text: string) => {
    const count = messagesIn(text)
    seen += count
    if (count > 0) ms = performance.now() - began
    return false
  }
  const { sequence } = data[0]
  await follow(`${url}/api/v1/events/stream?after=${sequence - 1}`, key, see, isOver)
  return { perSecond: (seen / ms) * 1000, p50Ms: Number.NaN, p95Ms: Number.NaN }
}

type Live = Exclude<Following['what'], 'replay'>

async function live(
  { url, key, seconds }: Following,
  { ticket, perSecond }: Live,
): Promise<Followed> {
  const sentAt: number[] = []
  const latencies: number[] = []
  const count = Math.round(seconds * perSecond)
  const isReady = Promise.withResolvers<void>()
  const following = follow(`${url}/api/v1/events/stream?types=ticket.updated`, key, (text) => {
    isReady.resolve()
    for (let n = messagesIn(text); n > 0; n--)
      latencies.push(performance.now() - (sentAt[latencies.length] ?? Number.NaN))
    return latencies.length >= count
  })
  await isReady.promise
  const began = performance.now()
  for (let n = 0; n < count; n++) {
    await Bun.sleep(Math.max(0, began + (n * 1000) / perSecond - performance.now()))
    sentAt.push(performance.now())
    const response = await fetch(`${url}/api/v1/tickets/${ticket}`, {
      method: 'PATCH',
      headers: { ...bearer(key), 'content-type': 'application/json' },
      body: JSON.stringify({ priority: n % 2 === 0 ? 'urgent' : 'low' }),
    })
    if (!response.ok) throw new Error(`A change answered ${response.status}`)
    await response.text()
  }
  await following
  const sorted = Float64Array.from(latencies).sort()
  return { perSecond, p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95) }
}

function messagesIn(text: string): number {
  return text.split('\ndata: ').length - 1
}

/** Reads a stream until `see` has seen enough, or something else ends it. */
async function follow(
  url: string,
  key: string,
  see: (text: string) => boolean,
  isOver?: AbortSignal,
): Promise<void> {
  const controller = new AbortController()
  const signal = AbortSignal.any([controller.signal, ...(isOver ? [isOver] : [])])
  const response = await fetch(url, { headers: bearer(key), signal })
  if (!response.body || !response.ok) throw new Error(`The stream answered ${response.status}`)
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body) {
      if (see(`\n${decoder.decode(chunk, { stream: true })}`)) break
    }
  } catch (err) {
    if (!signal.aborted) throw err
  }
  controller.abort()
}

function bearer(key: string): { readonly authorization: string } {
  return { authorization: `Bearer ${key}` }
}
