// A keep-alive connection that sends a request, waits for the answer and sends the next. It reads
// no more of an answer than its status and its length, so that it costs less than any server does.

import type { Socket } from 'bun'

export type Exchange = {
  /** The next request, or undefined to stop. */
  next(): string | undefined
  /** Called at the last byte of an answer. */
  answered(status: number, ms: number): void
}

type State = {
  readonly exchange: Exchange
  sentAt: number
  status: number
  /** Bytes of the present body still to come. */
  missing: number
  /** The beginning of an answer whose head has not come whole. */
  head: Buffer | undefined
  readonly done: () => void
  readonly failed: (err: Error) => void
}

/** Runs exchanges over one connection until there is no next one. */
export async function converse(url: string, exchange: Exchange): Promise<void> {
  const { hostname, port } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const data: State = {
    exchange,
    sentAt: 0,
    status: 0,
    missing: 0,
    head: undefined,
    done: resolve,
    failed: reject,
  }
  const socket = await Bun.connect<State>({ hostname, port: Number(port), data, socket: handler })
  sendNext(socket)
  await promise
  socket.end()
}

const handler = {
  data: receive,
  error: (socket: Socket<State>, err: Error) => socket.data.failed(err),
  close: (socket: Socket<State>) => socket.data.failed(new Error('The server hung up')),
}

function sendNext(socket: Socket<State>): void {
  const { data } = socket
  const request = data.exchange.next()
  if (request === undefined) {
    data.done()
    return
  }
  data.sentAt = performance.now()
  // Requests are far smaller than a socket's buffer, which is empty here.
  if (socket.write(request) < request.length) data.failed(new Error('The socket takes no more'))
}

function receive(socket: Socket<State>, chunk: Buffer): void {
  const { data } = socket
  if (data.missing > 0) data.missing -= chunk.length
  else readHead(data, chunk)
  if (data.missing > 0 || data.head) return
  data.exchange.answered(data.status, performance.now() - data.sentAt)
  sendNext(socket)
}

const lengthName = 'content-length: '

function readHead(data: State, chunk: Buffer): void {
  const bytes = data.head ? Buffer.concat([data.head, chunk]) : chunk
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) {
    data.head = Buffer.from(bytes)
    return
  }
  const text = bytes.toString('latin1', 0, end).toLowerCase()
  const at = text.indexOf(lengthName)
  const length = at < 0 ? 0 : Number.parseInt(text.slice(at + lengthName.length), 10)
  data.head = undefined
  data.status = Number(text.slice(9, 12))
  data.missing = end + 4 + length - bytes.length
}
