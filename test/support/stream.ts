// A reader of Server-Sent Events as the HTML standard says, section 9.2.6: what an EventSource would tell.

import type { TestApp } from './harness.ts'
import { requestOf, type Sending } from './send.ts'

export type Message = { readonly id: string; readonly event: string; readonly data: string }

/** Makes messages of text, however it is cut. */
export class MessageParser {
  /** What a browser would send as `Last-Event-ID`. */
  lastEventId = ''
  retry = ''
  readonly comments: string[] = []
  #rest = ''
  #fields = new Map<string, string>()

  read(text: string): Message[] {
    const lines = `${this.#rest}${text}`.split('\n')
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#line(line))
  }

  #line(line: string): Message[] {
    if (line === '') return this.#dispatch()
    const at = line.indexOf(':')
    const name = line.slice(0, at)
    const value = line.slice(at + 1).replace(/^ /, '')
    if (at === 0) this.comments.push(value)
    else if (name === 'id') this.lastEventId = value
    else if (name === 'retry') this.retry = value
    else if (this.#fields.has(name)) throw new Error(`A message has two of ${name}`)
    else this.#fields.set(name, value)
    return []
  }

  #dispatch(): Message[] {
    const { data, event = 'message' } = Object.fromEntries(this.#fields)
    this.#fields = new Map()
    return data === undefined ? [] : [{ id: this.lastEventId, event, data }]
  }
}

export type Streamed = {
  readonly status: number
  readonly headers: Headers
  readonly parser: MessageParser
  /** Reads until there are so many messages more. Throws when the stream ends before. */
  messages(count: number): Promise<Message[]>
  /** Reads until another comment has come. */
  comment(): Promise<string>
  /** Reads to the end. */
  rest(): Promise<Message[]>
  cancel(): Promise<void>
}

/** Opens a stream in the same process; the reader reads only when it is told to. */
export async function openStream(
  app: TestApp,
  line: string,
  sending: Sending = {},
): Promise<Streamed> {
  const response = await app.app.handle(requestOf(app, line, sending).request)
  const { status, headers, body } = response
  if (!body || status !== 200) throw new Error(`${line}: ${status} ${await response.text()}`)
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parser = new MessageParser()
  const held: Message[] = []
  const more = async () => {
    const { done, value } = await reader.read()
    if (value) held.push(...parser.read(decoder.decode(value, { stream: true })))
    return !done
  }
  const until = async (isEnough: () => boolean) => {
    while (!isEnough()) if (!(await more())) throw new Error('The stream has ended')
  }
  await until(() => parser.lastEventId !== '')
  return {
    status,
    headers,
    parser,
    async messages(count) {
      await until(() => held.length >= count)
      return held.splice(0, count)
    },
    async comment() {
      const before = parser.comments.length
      await until(() => parser.comments.length > before)
      return parser.comments.at(-1) ?? ''
    },
    async rest() {
      while (await more());
      return held.splice(0)
    },
    cancel: () => reader.cancel(),
  }
}
