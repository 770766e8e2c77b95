// A receiver of webhooks: asked for so many, answers how fast they came once the first tenth had.

import { answerParent } from './helpers.ts'

export type SinkAsk = { readonly count: number } | { readonly port: true }
export type SinkReply = { readonly port: number; readonly perSecond: number }

const warmupShare = 0.1

let received = 0
let wanted = Number.POSITIVE_INFINITY
let began = 0
let warm = 0
let done: (perSecond: number) => void = () => {}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    await request.arrayBuffer()
    received++
    if (received === warm) began = performance.now()
    if (received === wanted) done(((wanted - warm) * 1000) / (performance.now() - began))
    return new Response(null, { status: 204 })
  },
})

answerParent(async (ask: SinkAsk): Promise<SinkReply> => {
  const port = server.port ?? 0
  if ('port' in ask) return { port, perSecond: 0 }
  const { promise, resolve } = Promise.withResolvers<number>()
  received = 0
  wanted = ask.count
  warm = Math.max(1, Math.floor(wanted * warmupShare))
  done = resolve
  return { port, perSecond: await promise }
})
