import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { work } from './client.ts'
import { start } from './server.ts'
import { tracing, workFolder, type Shim } from './shim.ts'
import { readTrace, type Step } from './trace.ts'
import { makeWriters, type Writer } from './writers.ts'

export type Traced = {
  /** The data folder that the paths in the steps lie in; gone by now. */
  readonly data: string
  readonly steps: Step[]
  readonly writers: readonly Writer[]
  readonly refused: number
}

export type TraceOptions = {
  readonly binary: string
  readonly shim: Shim
  readonly writes: number
  readonly clients: number
  readonly seed: number
}

/** Lets clients make this many writes on a new, traced server, and kills it. */
export async function traceWrites(options: TraceOptions): Promise<Traced> {
  const { binary, shim, writes, clients, seed } = options
  const folder = workFolder('trace')
  const data = join(folder, 'data')
  const log = join(folder, 'log')
  const writers = makeWriters(clients, seed)
  let refused = 0
  try {
    using server = await start({ binary, data, env: tracing(shim, data, log) })
    const isDone = () => acknowledgedBy(writers) >= writes || refused > 100
    const refuse = () => {
      refused++
      return 'drop' as const
    }
    await Promise.all(writers.map((writer) => work(server, writer, isDone, refuse)))
    await server.end('SIGKILL')
    return { data, steps: readTrace(log), writers, refused }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function acknowledgedBy(writers: readonly Writer[]): number {
  return writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
}
