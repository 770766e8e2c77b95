import type { Machine } from '../app.ts'
import { jsonLog, textLog } from '../lib/log.ts'
import { standardPasswordCost } from '../security/password.ts'
import type { Io } from './io.ts'

/** The real machine: its clock, its randomness, and a log on the error stream. */
export function realMachine(io: Io): Machine {
  const write = (line: string) => io.err(line)
  return {
    clock: Date.now,
    monotonic: () => performance.now(),
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    passwordCost: standardPasswordCost,
    log: io.isTerminal ? textLog(write) : jsonLog(write, Date.now),
  }
}
