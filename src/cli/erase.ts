import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDesk } from '../app.ts'
import { Privacy, type Receipt } from '../domain/privacy.ts'
import { systemActor } from '../domain/tx.ts'
import { publicId } from '../lib/ids.ts'
import { isoSeconds } from '../lib/time.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import { backupFolder } from './backup.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { knownCustomer } from './people.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const eraseHelp = `usage: deskbox erase --customer EMAIL --yes

Takes a customer out of everything, for good: the texts of the customer's
tickets, names and addresses wherever they stand, the events and deliveries that
told of them, the full-text search, and the bytes of them in the file and its
log. Tickets, messages and counts stay, of nobody. Works beside a running
server. Prints a receipt, and names the older copies of the database that still
hold the customer.

  --customer EMAIL  whom to erase
  --yes             do it; without this, only what would be erased is counted
  --config FILE, --data DIR, --set NAME=VALUE   as for deskbox serve
  --json            machine-readable output`

const flags = {
  ...folderFlags,
  customer: { type: 'string' },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** `deskbox erase`. Answers the exit code. */
export async function erase(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  if (onlyWord(positionals) !== undefined) throw new UsageError('erase takes no arguments')
  const { customer: email } = values
  if (email === undefined) throw new UsageError('--customer must say whom to erase')
  const { directory, settings } = effective(io, values)
  requireDesk(directory)
  using opened = await openDesk(directory, 'share', realMachine(io))
  const { desk, store } = opened
  const privacy = new Privacy(desk, store)
  const { id } = knownCustomer(desk, email)
  if (!values.yes) {
    const { records } = await privacy.held(systemActor, id)
    const counts = Object.entries(records).map(([table, rows]) => [table, rows.length])
    foretell(Object.fromEntries(counts) as Counts, io, values.json)
    return 0
  }
  const receipt = await privacy.erase(systemActor, id)
  const copies = olderCopies(directory, backupFolder(settings, directory, io.cwd))
  if (values.json) io.out(JSON.stringify({ ...shown(receipt), copies }))
  else tell(email, receipt, copies, io)
  return 0
}

type Counts = { readonly [table: string]: number }

function foretell(counts: Counts, io: Io, isForPrograms: boolean): void {
  if (isForPrograms) {
    io.out(JSON.stringify({ counts }))
    return
  }
  io.out('Nothing was erased. These rows hold something of the customer:')
  tellCounts(counts, io)
  io.out('Next: the same with --yes')
}

const copyOfDatabase = /^(?:before-.*\.db|replaced-.*|failed-upgrade)$/

/** What still holds the customer, because it was made before. */
function olderCopies(directory: string, backups: string): string[] {
  return [...within(directory, copyOfDatabase), ...within(backups, /\.tar$/)].toSorted()
}

function within(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => pattern.test(name))
  return names.map((name) => join(folder, name))
}

function shown({ customerUid, erasedAt, ...receipt }: Receipt) {
  return {
    ...receipt,
    customerUid: publicId('customer', customerUid),
    erasedAt: isoSeconds(erasedAt),
  }
}

function tell(email: string, receipt: Receipt, copies: readonly string[], io: Io): void {
  const { customerUid, customerId, erasedAt, counts, isLogEmptied } = receipt
  const who = `${publicId('customer', customerUid)} (${customerId})`
  io.out(`Erased ${email}, who is ${who} from now on, at ${isoSeconds(erasedAt)}.`)
  tellCounts(counts, io)
  if (!isLogEmptied) io.out('The log is being read; run this again to empty it at once.')
  for (const copy of copies) io.out(`Made before, and still with the customer in it: ${copy}`)
}

function tellCounts(counts: Counts, io: Io): void {
  for (const [table, count] of Object.entries(counts)) {
    if (count > 0) io.out(`  ${String(count).padStart(9)}  ${table}`)
  }
}
