import type { Server } from './server.ts'
import { nextWrite, settle, type Answer, type Dialect, type Write, type Writer } from './writers.ts'

const answerMs = 10_000

/** What a client does with a write that was refused. */
type Next = 'again' | 'drop'

/** Sends one write under its key. Throws when the connection dies before the answer. */
export async function send(server: Server, write: Write): Promise<Answer> {
  const response = await fetch(`${server.url}${write.path}`, {
    method: write.method,
    headers: {
      ...keyHeader(server, write.dialect),
      'Content-Type': 'application/json',
      'Idempotency-Key': write.marker,
    },
    body: JSON.stringify(write.body),
    signal: AbortSignal.timeout(answerMs),
  })
  const text = await response.text()
  const isReplay = response.headers.get('Idempotency-Replayed') === 'true'
  return { status: response.status, id: idIn(text), isReplay, text }
}

/** Reads a path in a dialect. */
export async function get(
  server: Server,
  dialect: Dialect,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${server.url}${path}`, {
    headers: keyHeader(server, dialect),
    signal: AbortSignal.timeout(answerMs),
  })
  return { status: response.status, text: await response.text() }
}

/**
 * One client at work until `isDone`, or until a request dies. A write that died stays unanswered,
 * to be sent again. A refusal is given to `refused`, and the write is sent again if that says so.
 */
export async function work(
  server: Server,
  writer: Writer,
  isDone: () => boolean,
  refused: (write: Write, answer: Answer) => Next | Promise<Next>,
): Promise<void> {
  while (!isDone()) {
    const write = nextWrite(writer)
    writer.unanswered = write
    let answer: Answer
    try {
      answer = await send(server, write)
    } catch {
      return
    }
    if (isSuccess(answer)) settle(writer, write, answer)
    else if ((await refused(write, answer)) === 'drop') writer.unanswered = undefined
  }
}

export function isSuccess(answer: { readonly status: number }): boolean {
  return answer.status >= 200 && answer.status < 300
}

function keyHeader({ keys }: Server, dialect: Dialect): Record<string, string> {
  return dialect === 'keva'
    ? { Authorization: `Bearer ${keys.keva}` }
    : { 'X-API-KEY': keys.internal }
}

function idIn(text: string): string {
  try {
    const parsed = JSON.parse(text) as { data?: { id?: string | number } }
    return String(parsed.data?.id ?? '')
  } catch {
    return ''
  }
}
