import { Fault } from '../domain/errors.ts'
import type { Followed, Message } from './endpoint.ts'

// One stream of Server-Sent Events. What holds:
// - every message is sent once and in the order of ids, since each page is read from the database past the
//   position that the one before it reached;
// - a reader who is slow, or does not read, is not read for: at most one page waits for it, and it goes on
//   from the database when it reads again;
// - a heartbeat has the position as its id, so that who comes again with `Last-Event-ID` begins where the
//   stream got, also when none of its messages came for long.

const bufferedBytesMost = 64 * 1024
// How long a browser waits before it comes again.
const retryMs = 3000

type Parts = {
  readonly position: number
  /** A page of what is committed past a position. */
  readonly read: (position: number) => ReturnType<Followed['next']>
  readonly monotonic: () => number
  readonly onFailure: (err: unknown) => void
  /** Told once, when nothing more is sent. */
  readonly onEnd: () => void
}

export class Stream {
  readonly body: ReadableStream<Uint8Array>
  readonly #parts: Parts
  readonly #encoder = new TextEncoder()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #position: number
  #sentAt: number
  #isBeating = false
  #isBehind = false
  #isOver = false
  #wake: (() => void) | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#position = parts.position
    this.#sentAt = parts.monotonic()
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
          // At once, so that the head of the response does not wait for the first event.
          this.#send(`retry: ${retryMs}\n${this.#mark()}`)
        },
        pull: () => this.#pull(),
        cancel: () => this.#leave(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bufferedBytesMost }),
    )
  }

  /** There may be something past the position. */
  wake(): void {
    this.#wake?.()
  }

  /** Sends a heartbeat when nothing was sent for so long; a reader who does not read gets none. */
  beat(heartbeatMs: number): void {
    if (this.#parts.monotonic() - this.#sentAt < heartbeatMs) return
    this.#isBeating = true
    this.wake()
  }

  /** Says why, and ends; what was sent before is still delivered. */
  end(why: string): void {
    if (this.#isOver) return
    this.#send(`: ${why}\n\n`)
    this.#controller?.close()
    this.#leave()
  }

  /** After the end: whether the reader has yet to take some of it. */
  get isUnread(): boolean {
    // A stream wants nothing more once it is closed, which it is when all that waited has been taken.
    return this.#controller?.desiredSize !== 0
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.wake()
    this.#parts.onEnd()
  }

  /** Settles when something was sent: until then nobody asks again. */
  async #pull(): Promise<void> {
    // Whoever catches up lets others have their turn between pages.
    if (this.#isBehind) await turn()
    while (!this.#isOver) {
      const text = this.#next()
      if (text !== '') return this.#send(text)
      if (this.#isBehind) await turn()
      else if (!this.#isOver) await this.#woken()
    }
  }

  /** The next page's text, or a heartbeat's that is due; empty when there is nothing to send. */
  #next(): string {
    try {
      const { messages, position, isEnd } = this.#parts.read(this.#position)
      this.#position = position
      this.#isBehind = !isEnd
      const isQuiet = messages.length === 0
      if (isQuiet) return this.#isBeating ? `:\n${this.#mark()}` : ''
      return messages.map(spelled).join('')
    } catch (err) {
      // What the reader has yet to see may be gone; it hears so when it comes again.
      if (!(err instanceof Fault)) this.#parts.onFailure(err)
      this.end('come again')
      return ''
    }
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined
        resolve()
      }
    })
  }

  /** The position, for `Last-Event-ID`: without data it is no message (HTML, section 9.2.6). */
  #mark(): string {
    return `id: ${this.#position}\n\n`
  }

  #send(text: string): void {
    this.#isBeating = false
    this.#sentAt = this.#parts.monotonic()
    this.#controller?.enqueue(this.#encoder.encode(text))
  }
}

function spelled({ id, event, data }: Message): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
