// What the bars of webhooks and of workflows share about a server that is told to stop.

import type { Server } from './server.ts'

const stopMostMs = 10_000

export type Stopped = { readonly tookMs: number; readonly problems: string[] }

/** Tells a server to stop; it has to end well, and in time. */
export async function stopInTime(server: Server): Promise<Stopped> {
  const began = performance.now()
  const code = await server.end('SIGTERM')
  const tookMs = performance.now() - began
  return {
    tookMs,
    problems: [
      ...(code === 0 ? [] : [`ended with ${code}`]),
      ...(tookMs <= stopMostMs ? [] : [`took ${Math.round(tookMs)} ms`]),
    ],
  }
}

export type HangingReceiver = Disposable & {
  readonly url: string
  readonly underWay: () => number
}

/** A receiver that takes every call and answers none. */
export function hangingReceiver(): HangingReceiver {
  let underWay = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch() {
      underWay++
      return new Promise<Response>(() => {})
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    underWay: () => underWay,
    [Symbol.dispose]: () => void server.stop(true),
  }
}
