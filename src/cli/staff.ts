import { openDesk, type Machine } from '../app.ts'
import { Fault } from '../domain/errors.ts'
import {
  createStaff,
  findStaffByEmail,
  listStaff,
  updateStaff,
  type Staff,
  type StaffFields,
  type StaffRole,
} from '../domain/staff.ts'
import { systemActor, type Desk, type Reader, type Tx } from '../domain/tx.ts'
import { isEmail } from '../lib/email.ts'
import { integerId, publicId } from '../lib/ids.ts'
import { Passwords } from '../security/password.ts'
import { argsOf, onlyWord, UsageError } from './args.ts'
import type { Io } from './io.ts'
import { realMachine } from './machine.ts'
import { passwordIn } from './password.ts'
import { effective, folderFlags, requireDesk } from './settings.ts'

export const staffHelp = `usage: deskbox staff create --role admin|agent --name NAME --email EMAIL
                            [--password-file FILE]
       deskbox staff update EMAIL|ID [--role admin|agent] [--name NAME]
                            [--email EMAIL]
                            [--new-role admin|agent] [--password-file FILE]
                            [--activate | --deactivate]
       deskbox staff list

The people who answer tickets. Works beside a running server, which takes notice
within a second.

  --role ROLE    admin or agent; for update, which of two with the same address
  --name NAME    the name that customers and colleagues see
  --email EMAIL  the address, which nobody else of the same role has
  --new-role ROLE       makes an agent an admin, or an admin an agent
  --password-file FILE  takes the password from the first line of FILE, or of
                 standard input for -
  --deactivate   no sign-in and no API keys until --activate; all else stays
  --config FILE, --data DIR   as for deskbox serve
  --json         machine-readable output`

const flags = {
  ...folderFlags,
  role: { type: 'string' },
  name: { type: 'string' },
  email: { type: 'string' },
  'new-role': { type: 'string' },
  'password-file': { type: 'string' },
  activate: { type: 'boolean', default: false },
  deactivate: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

/** `deskbox staff create|update|list`. Answers the exit code. */
export async function staff(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const [verb, ...words] = positionals
  const prepare = verb !== undefined && Object.hasOwn(verbs, verb) ? verbs[verb] : undefined
  if (!prepare) throw new UsageError(`staff needs one of: ${Object.keys(verbs).join(', ')}`)
  const machine = realMachine(io)
  const run = await prepare({ values, words, io, machine })
  const { directory } = effective(io, values)
  if (verb !== 'create') requireDesk(directory)
  using opened = await openDesk(directory, 'share', machine)
  const people = await run(opened.desk)
  const isOne = !Array.isArray(people)
  if (values.json) io.out(JSON.stringify(isOne ? shown(people) : people.map(shown)))
  else for (const person of isOne ? [people] : people) io.out(line(person))
  return 0
}

type Called = {
  readonly values: Flags
  readonly words: readonly string[]
  readonly io: Io
  readonly machine: Machine
}

/** Checks the call, and gives what to do with the desk: a wrong call opens none. */
type Verb = (called: Called) => Promise<Run>

type Run = (desk: Desk) => Staff[] | Promise<Staff>

const verbs: { readonly [verb: string]: Verb } = {
  async create(called) {
    const { values, words } = called
    refuseWords(words)
    refuseFlags('create', values, ['new-role', 'activate', 'deactivate'])
    const role = roleOf('--role', values.role)
    if (role === undefined) throw new UsageError('--role must be admin or agent')
    const { name, email } = detailsOf(values)
    if (name === undefined) throw new UsageError('--name must be given')
    if (email === undefined) throw new UsageError('--email must be an address')
    const passwordHash = await hashOf(called)
    const wanted = { role, name, email, passwordHash }
    return (desk) => change(desk, wanted, (tx) => createStaff(tx, wanted))
  },

  async update(called) {
    const { values, words } = called
    const word = onlyWord(words)
    if (word === undefined) throw new UsageError('staff update needs the EMAIL or ID of a person')
    const role = roleOf('--role', values.role)
    const newRole = roleOf('--new-role', values['new-role'])
    const fields = { ...detailsOf(values), role: newRole, isActive: activityOf(values) }
    const passwordHash = await hashOf(called)
    const wanted = { ...fields, passwordHash }
    if (Object.values(wanted).every((value) => value === undefined)) {
      throw new UsageError('staff update needs something to change')
    }
    return (desk) =>
      change(desk, wanted, (tx) => updateStaff(tx, personMeant(tx, word, role).id, wanted))
  },

  list({ values, words }) {
    refuseWords(words)
    refuseFlags('list', values, [...changing, 'role'])
    return Promise.resolve((desk) => desk.read(systemActor, listStaff))
  },
}

type Flag = keyof typeof flags

const changing = ['name', 'email', 'new-role', 'password-file', 'activate', 'deactivate'] as const

function refuseWords(words: readonly string[]): void {
  const [word] = words
  if (word !== undefined) throw new UsageError(`Unexpected argument '${word}'`)
}

/** A flag that would change nothing must not seem to. */
function refuseFlags(verb: string, values: Flags, names: readonly Flag[]): void {
  const stray = names.find((name) => values[name] !== undefined && values[name] !== false)
  if (stray !== undefined) throw new UsageError(`staff ${verb} has no --${stray}`)
}

function roleOf(flag: string, text: string | undefined): StaffRole | undefined {
  if (text === undefined || text === 'admin' || text === 'agent') return text
  throw new UsageError(`${flag} must be admin or agent`)
}

function detailsOf({ name, email }: Flags) {
  if (name !== undefined && name.trim() === '') throw new UsageError('--name must not be blank')
  if (email !== undefined && !isEmail(email)) throw new UsageError('--email must be an address')
  return { name: name?.trim(), email }
}

function activityOf({ activate, deactivate }: Flags): boolean | undefined {
  if (activate && deactivate) throw new UsageError('--activate and --deactivate exclude each other')
  return activate || (deactivate ? false : undefined)
}

async function hashOf({ values, io, machine }: Called): Promise<string | undefined> {
  const file = values['password-file']
  if (file === undefined) return undefined
  return new Passwords(machine.passwordCost).hash(await passwordIn(file, io))
}

/** The person of that address or id. Throws when there is none, or when two fit. */
function personMeant(reader: Reader, word: string, role: StaffRole | undefined): Staff {
  const id = integerId(word)
  const people = (['admin', 'agent'] as const)
    .filter((one) => role === undefined || one === role)
    .flatMap((one) =>
      id === undefined
        ? (findStaffByEmail(reader, one, word) ?? [])
        : listStaff(reader).filter((person) => person.id === id && person.role === one),
    )
  const [person, other] = people
  if (!person) throw new Error(`There is no ${role ?? 'person'} ${word}`)
  if (other)
    throw new UsageError(`An admin and an agent have the address ${word}; --role says which`)
  return person
}

async function change(desk: Desk, wanted: StaffFields, job: (tx: Tx) => Staff): Promise<Staff> {
  try {
    return await desk.write<Staff>(systemActor, job)
  } catch (err) {
    throw (err instanceof Fault && worded(err, wanted)) || err
  }
}

/** A refusal in words of the command line. */
function worded(fault: Fault, { role, email }: StaffFields): Error | undefined {
  if (fault.about === 'lastAdmin') return new Error('The last active admin must stay one')
  const [issue] = fault.issues
  if (issue?.rule === 'required') return new UsageError('An agent needs an --email')
  if (issue?.rule !== 'unique') return undefined
  const who = role ? `an ${role}` : 'somebody of that role'
  return new UsageError(`There is already ${who} with the address ${email ?? 'of this person'}`)
}

function shown({ id, uid, role, name, email, isActive }: Staff) {
  return { id, uid: publicId('staff', uid), role, name, email, isActive }
}

function line({ id, role, name, email, isActive }: Staff): string {
  return [id, role, isActive ? 'active' : 'inactive', email ?? 'no address', name].join('  ')
}
