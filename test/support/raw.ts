// Bytes to a server and bytes back, for what no client library would send.

/** One answer as it came over the wire. Header names are in lower case. */
export type RawAnswer = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

type Awaitable<T> = T | Promise<T>

export type Exchange = {
  /** Everything that came, as Latin-1. */
  readonly text: string
  /** The whole answers in it, interim ones (100) aside. */
  readonly answers: readonly RawAnswer[]
  /** Whether the server closed the connection. */
  readonly isClosed: boolean
}

const patienceMs = 5000

/**
 * Sends the parts one after another on one connection, each once it is known and the one before has gone out, and
 * waits for so many whole answers or for the end of the connection. Throws when neither comes.
 */
export async function exchange(
  port: number,
  parts: readonly Awaitable<string | Uint8Array>[],
  answersWanted = 1,
): Promise<Exchange> {
  let text = ''
  let isClosed = false
  const done = Promise.withResolvers<void>()
  const drains: (() => void)[] = []
  const end = () => {
    isClosed = true
    for (const resume of drains.splice(0)) resume()
    done.resolve()
  }
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data(_socket, chunk) {
        text += chunk.toString('latin1')
        if (answersIn(text).length >= answersWanted) done.resolve()
      },
      drain: () => drains.splice(0).forEach((resume) => resume()),
      close: end,
      error: end,
    },
  })
  for (const known of parts) {
    const part = await known
    let rest = typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)
    while (rest.length > 0) {
      const sent = socket.write(rest)
      if (sent < 0) break
      rest = rest.subarray(sent)
      if (rest.length > 0) await new Promise<void>((resume) => drains.push(resume))
    }
    socket.flush()
    await new Promise(setImmediate)
  }
  const timer = setTimeout(() => done.reject(new Error(`No answer came: ${text}`)), patienceMs)
  await done.promise.finally(() => clearTimeout(timer))
  socket.end()
  return { text, answers: answersIn(text), isClosed }
}

/** Sends the parts and hangs up, without waiting for anything. */
export async function hangUp(port: number, parts: readonly string[]): Promise<void> {
  const closed = Promise.withResolvers<void>()
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: { data() {}, close: () => closed.resolve(), error: () => closed.resolve() },
  })
  for (const part of parts) socket.write(part)
  socket.flush()
  socket.terminate()
  await closed.promise
}

/** A request's head, with the blank line that ends it. */
export function head(line: string, ...headers: string[]): string {
  return [line, ...headers, '', ''].join('\r\n')
}

/** The answers in a stream of bytes, as far as they are whole. */
function answersIn(text: string): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let at = 0; at < text.length;) {
    const headEnd = text.indexOf('\r\n\r\n', at)
    if (headEnd < 0) break
    const [statusLine = '', ...lines] = text.slice(at, headEnd).split('\r\n')
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
      }),
    )
    const status = Number(statusLine.split(' ')[1])
    const bodyEnd = headEnd + 4 + Number(headers.get('content-length') ?? 0)
    if (bodyEnd > text.length) break
    if (status >= 200) answers.push({ status, headers, body: text.slice(headEnd + 4, bodyEnd) })
    at = bodyEnd
  }
  return answers
}
