import { openDesk, type OpenDesk } from '../app.ts'
import type { Settings } from '../config/effective.ts'
import { Fault } from '../domain/errors.ts'
import { systemActor, type Reader } from '../domain/tx.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, requireDesk, type FolderFlags } from './settings.ts'

/** What a command tells: programs as JSON, people in lines. */
export type Told = { readonly json: object; readonly lines: readonly string[] }

/** Runs a command on the desk of the settings, beside a running server too, and prints what it tells. Answers 0. */
export async function tellOfDesk(
  io: Io,
  values: FolderFlags & { readonly json?: boolean },
  run: (opened: OpenDesk, settings: Settings) => Told | Promise<Told>,
): Promise<number> {
  const { directory, settings } = effective(io, values)
  requireDesk(directory)
  using opened = await openDesk(directory, 'share', realMachine(io))
  const { json, lines } = await run(opened, settings)
  if (values.json) io.out(JSON.stringify(json))
  else for (const line of lines) io.out(line)
  return 0
}

/** Reads a record that was named. Throws in the words of `otherwise` when there is none. */
export function readNamed<T extends object>(
  { desk }: OpenDesk,
  otherwise: string,
  read: (reader: Reader) => T,
): T {
  try {
    return desk.read<object>(systemActor, read) as T
  } catch (err) {
    throw err instanceof Fault ? new Error(otherwise) : err
  }
}
