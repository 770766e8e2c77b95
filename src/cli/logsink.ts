import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LogLevel } from '../lib/log.ts'

/** Where lines go: to the error stream, to the output stream, or to a file that is appended to. */
export type Sink = {
  readonly write: (line: string, level: LogLevel) => void
  /** Writes what waits, and begins a file anew: after a log was moved away. */
  readonly reopen: (destination: string) => void
}

const flushAfterMs = 100
const bytesWaitingMax = 64 * 1024

/**
 * Lines on their way to a destination: `stderr`, `stdout`, or the path of a file. What tells of a fault is
 * written at once; other lines wait a tenth of a second, so that many share one write. A folder that is not there is
 * made. Throws, naming the path, when the file cannot be written to.
 */
export function logSink(first: string): Sink {
  let fd = open(first)
  let waiting = ''
  let timer: Timer | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const text = waiting
    waiting = ''
    if (text !== '') writeAll(fd, text)
  }
  process.once('exit', flush)
  return {
    write(line, level) {
      waiting += `${line}\n`
      if (level === 'error' || waiting.length > bytesWaitingMax) flush()
      else timer ??= setTimeout(flush, flushAfterMs)
    },
    reopen(destination) {
      const next = open(destination)
      flush()
      if (fd > 2) closeSync(fd)
      fd = next
    },
  }
}

function open(destination: string): number {
  if (destination === 'stderr') return 2
  if (destination === 'stdout') return 1
  try {
    mkdirSync(dirname(destination), { recursive: true, mode: 0o700 })
    return openSync(destination, 'a', 0o600)
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    throw new Error(`The log cannot be written to ${destination} (${code})`, { cause: err })
  }
}

/** A log that cannot be written, to a full disk or a closed pipe, must not stop the desk. */
function writeAll(fd: number, text: string): void {
  try {
    writeSync(fd, text)
  } catch {
    return
  }
}
