import { mkdirSync, rmSync } from 'node:fs'
import { startServer } from '../test/support/binary.ts'
import { kevaTickets } from './reads.ts'
import { spread, type Spread } from './samples.ts'

type Starts = { readonly binary: string; readonly cwd: string; readonly times: number }

/** From the spawning of the process to its first 200, in ms, on a folder that is there already. */
export function startOnUsed({ binary, cwd, times }: Starts, key: string): Promise<Spread> {
  return timed(times, () => startOnce(binary, cwd, key))
}

/** The same in an empty folder, where the server makes the database and its first keys. */
export function startOnFresh({ binary, cwd, times }: Starts): Promise<Spread> {
  return timed(times, () => {
    rmSync(cwd, { recursive: true, force: true })
    mkdirSync(cwd, { recursive: true })
    return startOnce(binary, cwd, undefined)
  })
}

async function timed(times: number, once: () => Promise<number>): Promise<Spread> {
  const took: number[] = []
  for (let n = 0; n < times; n++) took.push(await once())
  return spread(took)
}

async function startOnce(binary: string, cwd: string, key: string | undefined): Promise<number> {
  const began = performance.now()
  const server = await startServer({ binary, cwd })
  const response = await fetch(`${server.url}${kevaTickets}`, {
    headers: { Authorization: `Bearer ${key ?? server.keys.keva}` },
  })
  const took = performance.now() - began
  await server.stop()
  if (!response.ok) throw new Error(`The first answer had status ${response.status}`)
  return took
}
