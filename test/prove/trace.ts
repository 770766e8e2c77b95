import { readFileSync } from 'node:fs'

/** One thing that the shim saw, in the order in which it happened. */
export type Step =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  /** The first byte of a success is about to leave, for the write that `marker` names. */
  | { readonly kind: 'acknowledge'; readonly marker: string }

type Entry = {
  readonly kind: number
  readonly file: number
  readonly offset: number
  readonly bytes: Buffer
}

/** The kinds of shim.h. */
const kinds = {
  path: 1,
  write: 2,
  truncate: 3,
  sync: 4,
  unlink: 5,
  rename: 6,
  send: 7,
  receive: 8,
} as const
const headBytes = 24
const keyHeader = /^idempotency-key: *(\S+)/im

/** Reads the log of one traced server. A record that its end cut short is left out. */
export function readTrace(log: string): Step[] {
  const paths = new Map<number, string>()
  const asked = new Map<number, string>()
  const steps: Step[] = []
  for (const entry of entriesOf(readFileSync(log))) {
    if (entry.kind === kinds.path) paths.set(entry.file, entry.bytes.toString())
    else if (entry.kind === kinds.receive) noteRequest(entry, asked)
    else if (entry.kind === kinds.send) steps.push(...acknowledged(entry, asked))
    else steps.push(...diskStep(entry, paths.get(entry.file) ?? ''))
  }
  return steps
}

function* entriesOf(log: Buffer): Generator<Entry> {
  let at = 0
  while (at + headBytes <= log.length) {
    const end = at + headBytes + log.readUInt32LE(at + 16)
    if (end > log.length) return
    yield {
      kind: log.readUInt32LE(at),
      file: log.readUInt32LE(at + 4),
      offset: Number(log.readBigUInt64LE(at + 8)),
      bytes: log.subarray(at + headBytes, end),
    }
    at = end
  }
}

function diskStep({ kind, offset, bytes }: Entry, path: string): Step[] {
  switch (kind) {
    case kinds.write:
      return [{ kind: 'write', path, at: offset, bytes }]
    case kinds.truncate:
      return [{ kind: 'truncate', path, size: offset }]
    case kinds.sync:
      return [{ kind: 'sync', path }]
    case kinds.unlink:
      return [{ kind: 'unlink', path: bytes.toString() }]
    case kinds.rename: {
      const [from = '', to = ''] = bytes.toString().split('\n')
      return [{ kind: 'rename', path: from, to }]
    }
    default:
      throw new Error(`a record of unknown kind ${kind} in the trace`)
  }
}

/** A client sends one request after the other, so a socket has at most one that waits. */
function noteRequest({ file: socket, bytes }: Entry, asked: Map<number, string>): void {
  const head = bytes.toString('latin1')
  const key = keyHeader.exec(head)?.[1]
  if (key) asked.set(socket, key)
  else if (/^[A-Z]+ \/\S* HTTP\/1/.test(head)) asked.delete(socket)
}

function acknowledged({ file: socket, bytes }: Entry, asked: Map<number, string>): Step[] {
  const head = bytes.subarray(0, 16).toString('latin1')
  const marker = asked.get(socket)
  if (!head.startsWith('HTTP/1.1 ') || marker === undefined) return []
  asked.delete(socket)
  return head.startsWith('HTTP/1.1 2') ? [{ kind: 'acknowledge', marker }] : []
}
