import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { openDesk } from '../app.ts'
import { exportLines, writeWhole } from '../domain/portable.ts'
import { Privacy } from '../domain/privacy.ts'
import { systemActor } from '../domain/tx.ts'
import { readable } from '../lib/readable.ts'
import { megabytes } from '../lib/text.ts'
import { argsOf, onlyWord } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { knownCustomer } from './people.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const exportHelp = `usage: deskbox export [FILE]
       deskbox export --customer EMAIL [FILE]

Writes the whole desk as lines of JSON, one for each row, for programs to read
and for deskbox import; or everything that is held on one customer, as one JSON
document. Works beside a running server. The export of a desk holds its signing
keys and the hashes of its passwords: keep it as safe as the data folder.

  FILE              where to write it (default: standard output)
  --customer EMAIL  only what is held on this customer
  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json            say in JSON what was written to FILE`

const flags = {
  ...folderFlags,
  customer: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

/** `deskbox export`. Answers the exit code. */
export async function exportDesk(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const word = onlyWord(positionals)
  const { directory } = effective(io, values)
  requireDesk(directory)
  const now = realMachine(io).clock()
  const lines =
    values.customer === undefined
      ? exportLines(directory, now)
      : [JSON.stringify(await heldOn(values.customer, directory, io), null, 2)]
  if (word === undefined) {
    for (const line of lines) io.out(line)
    return 0
  }
  const file = resolve(io.cwd, word)
  const written = writeNew(file, lines)
  if (values.json) io.out(JSON.stringify({ file, ...written }))
  else io.out(`Wrote ${word}: ${written.lines} lines, ${megabytes(written.bytes)}`)
  return 0
}

async function heldOn(email: string, directory: string, io: Io) {
  using opened = await openDesk(directory, 'share', realMachine(io))
  const { desk, store } = opened
  const { id, uid } = knownCustomer(desk, email)
  const { customer, records } = await new Privacy(desk, store).held(systemActor, id)
  await desk.write(systemActor, (tx) => tx.emit('customer.exported', null, { id, uid }))
  return {
    customer: readable(customer),
    records: Object.fromEntries(
      Object.entries(records).map(([table, rows]) => [table, rows.map(readable)]),
    ),
  }
}

/** Writes the lines for their owner alone; the name is there once all of them are on disk. */
function writeNew(path: string, lines: Iterable<string>) {
  const partial = `${path}.partial`
  const fd = openSync(partial, 'w', 0o600)
  const written = { lines: 0, bytes: 0 }
  try {
    for (const line of lines) {
      const bytes = Buffer.from(`${line}\n`)
      writeWhole(fd, bytes)
      written.bytes += bytes.length
      written.lines++
    }
    fsyncSync(fd)
    renameSync(partial, path)
    return written
  } finally {
    closeSync(fd)
    rmSync(partial, { force: true })
  }
}
