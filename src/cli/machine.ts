import { lookup } from 'node:dns/promises'
import type { Machine } from '../app.ts'
import { jsonLog, textLog, type Log, type LogOptions } from '../lib/log.ts'
import { standardPasswordCost } from '../security/password.ts'
import type { Io } from './io.ts'

export { forgetNetworkEnvironment } from '../security/outbound.ts'

/** The real machine: its clock and its randomness, and a log on the error stream unless given another. */
export function realMachine(io: Io, log?: Log): Machine {
  return {
    clock: Date.now,
    zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    monotonic: () => performance.now(),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    passwordCost: standardPasswordCost,
    async resolve(host) {
      const found = await lookup(host, { all: true })
      return found.map(({ address }) => address)
    },
    log: log ?? realLog(io, 'auto', { write: (line) => io.err(line), level: () => 'info' }),
  }
}

/** A log in a format; 'auto' is text for a person at a terminal, and JSON for a program. */
export function realLog(io: Io, format: 'auto' | 'json' | 'text', options: LogOptions): Log {
  const isText = format === 'text' || (format === 'auto' && io.isTerminal)
  return isText ? textLog(options) : jsonLog(options, Date.now)
}
