// The floor of delivering: asked for a number of calls, makes them in a bare loop, so many at once, with
// nothing kept of them. Each has a connection of its own, as webhooks must (a pooled one may be half dead).

import { answerParent } from './helpers.ts'

export type CallerAsk = {
  readonly url: string
  readonly calls: number
  readonly atOnce: number
  readonly body: string
}

answerParent(async ({ url, calls, atOnce, body }: CallerAsk): Promise<number> => {
  let left = calls
  const headers = { 'Content-Type': 'application/json' }
  const loop = async () => {
    while (left-- > 0) {
      const response = await fetch(url, { method: 'POST', headers, body, keepalive: false })
      await response.text()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, loop))
  return calls
})
