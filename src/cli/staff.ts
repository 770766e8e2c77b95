import { openDesk } from '../app.ts'
import { Fault } from '../domain/errors.ts'
import { createStaff, listStaff, type Staff } from '../domain/staff.ts'
import { systemActor, type Desk } from '../domain/tx.ts'
import { isEmail } from '../lib/email.ts'
import { publicId } from '../lib/ids.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const staffHelp = `usage: deskbox staff create --role admin|agent --name NAME --email EMAIL
       deskbox staff list

The people who answer tickets. Works beside a running server.

  --config FILE, --data DIR   as for deskbox serve
  --json         machine-readable output`

const flags = {
  ...folderFlags,
  role: { type: 'string' },
  name: { type: 'string' },
  email: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

/** `deskbox staff create|list`. Answers the exit code. */
export async function staff(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const verb = onlyWord(positionals)
  if (verb !== 'create' && verb !== 'list') throw new UsageError('staff needs one of: create, list')
  const wanted = verb === 'create' ? wantedPerson(values) : undefined
  const { directory } = effective(io, values)
  if (verb !== 'create') requireDesk(directory)
  using opened = await openDesk(directory, 'share', realMachine(io))
  const people = wanted ? [await create(opened.desk, wanted)] : allOf(opened.desk)
  if (values.json) io.out(JSON.stringify(wanted ? shown(people)[0] : shown(people)))
  else for (const person of people) io.out(line(person))
  return 0
}

type Wanted = Parameters<typeof createStaff>[1]

function wantedPerson({ role, name, email }: Flags): Wanted {
  if (role !== 'admin' && role !== 'agent') throw new UsageError('--role must be admin or agent')
  if (!name) throw new UsageError('--name must be given')
  if (email === undefined || !isEmail(email)) throw new UsageError('--email must be an address')
  return { role, name, email }
}

async function create(desk: Desk, wanted: Wanted): Promise<Staff> {
  try {
    return await desk.write(systemActor, (tx) => createStaff(tx, wanted))
  } catch (err) {
    if (!(err instanceof Fault) || err.kind !== 'invalid') throw err
    throw new UsageError(`There is already an ${wanted.role} with the address ${wanted.email}`)
  }
}

function allOf(desk: Desk): Staff[] {
  return desk.read(systemActor, listStaff)
}

function shown(people: Staff[]) {
  return people.map(({ id, uid, role, name, email, isActive }) => ({
    id,
    uid: publicId('staff', uid),
    role,
    name,
    email,
    isActive,
  }))
}

function line({ id, role, name, email, isActive }: Staff): string {
  return [id, role, isActive ? 'active' : 'inactive', email ?? 'no address', name].join('  ')
}
