import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { stageAddon } from '../../build/addons.ts'
import { thisMachine } from '../../build/targets.ts'
import { startServer, type Server } from '../support/binary.ts'
import type { Outcome } from './bars.ts'
import { mountsRefused } from './mounts.ts'
import { workFolder } from './shim.ts'

// Places in which the executable has to run: where little is there, where nothing can be written, and where
// something waits for it.

const startMsMax = 20_000
const ticket = { subject: 'No display', customerEmail: 'ada@example.com', body: 'It stays dark.' }

/** Opens a ticket the Keva way and sees it the DeskHive way. */
async function firstTicket({ url, keys }: Pick<Server, 'url' | 'keys'>): Promise<string[]> {
  const opened = await fetch(`${url}/api/v1/tickets`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${keys.keva}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(ticket),
  })
  const seen = await fetch(`${url}/api/v1/internal/tickets`, {
    headers: { 'X-API-KEY': keys.internal },
  })
  const isSeen = (await seen.text()).includes(ticket.subject)
  return opened.status === 201 && isSeen ? [] : [`a ticket is answered with ${opened.status}`]
}

/** Runs a server through a command, opens a ticket, and stops it. */
async function serves(
  command: readonly string[],
  cwd: string,
  whileRunning: () => string[] = () => [],
): Promise<string[]> {
  const [binary = '', ...args] = command
  // What the command needs to be found, and nothing else.
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }
  try {
    const server = await startServer({ binary, args, cwd, env, startMsMax })
    const problems = [...(await firstTicket(server)), ...whileRunning()]
    const code = await server.stop()
    return code === 0 ? problems : [...problems, `ended with ${code}`]
  } catch (err) {
    return [err instanceof Error ? err.message.slice(0, 600) : String(err)]
  }
}

const certificates = '/etc/ssl/certs/ca-certificates.crt'

/**
 * In an empty root, with nothing but the executable, the libraries that it and its addon name, certificates and
 * the system's own /proc: no runtime, no shell, no temp directory, no device, no user list.
 */
export async function proveBareRoot(binary: string): Promise<Outcome> {
  const skipped = mountsRefused() ?? rootNeeds(['ldd', 'chroot'])
  if (skipped !== undefined) return { skipped }
  const folder = workFolder('root')
  try {
    const names = fillRoot(folder, binary)
    const script = 'mount -t proc proc proc && exec chroot . /deskbox serve --port 0 --data data'
    const problems = await serves(['unshare', '--mount', 'sh', '-c', script], folder)
    const shown = `${names.length} libraries (${names.join(', ')})`
    return { figure: `a first ticket beside ${shown}`, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function rootNeeds(programs: readonly string[]): string | undefined {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const absent = programs.filter((name) => !Bun.which(name, { PATH: path }))
  return absent.length === 0 ? undefined : `there is no ${absent.join(', no ')}`
}

/** Puts all that the executable needs into a folder that becomes its root; gives the libraries' names. */
function fillRoot(folder: string, binary: string): string[] {
  const libraries = new Set(
    [binary, stageAddon(repository, thisMachine().addon).path].flatMap(needed),
  )
  for (const path of [...libraries, ...[certificates].filter(existsSync)]) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    copyFileSync(path, join(folder, path))
  }
  mkdirSync(join(folder, 'proc'))
  copyFileSync(binary, join(folder, 'deskbox'))
  return [...libraries].map((path) => basename(path)).toSorted()
}

const repository = resolve(import.meta.dir, '../..')

/** The files that the loader will ask for. */
function needed(program: string): string[] {
  const listed = Bun.spawnSync(['ldd', program]).stdout.toString()
  return [...listed.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].map(([, path]) => path ?? '')
}

/**
 * With a root that cannot be written to and a temp directory that is full and runs nothing; and where no memory
 * can be made to run either, from a file in the data folder, in the place of one that somebody else has put
 * there (C6).
 */
export async function proveReadOnlyRoot(binary: string): Promise<Outcome> {
  const skipped = mountsRefused() ?? rootNeeds(['ldd', 'chroot'])
  if (skipped !== undefined) return { skipped }
  const closed = await onReadOnlyRoot(binary)
  const planted = await overPlanted(binary)
  const problems = [
    ...closed.map((one) => `read-only root, full noexec /tmp: ${one}`),
    ...planted.map((one) => `planted addon: ${one}`),
  ]
  return { figure: 'read-only root, full noexec /tmp, 3 planted addons', problems }
}

const readOnlyScript = `set -e
mount --make-rprivate /
mount --bind "$1" /mnt
mount -t tmpfs -o noexec,size=64k tmpfs /tmp
cat /dev/zero > /tmp/filler 2>/dev/null || true
mount -o remount,bind,ro /
if touch /written 2>/dev/null; then echo 'the root can be written to' >&2; exit 9; fi
exec /mnt/deskbox serve --port 0 --data /mnt/data`

async function onReadOnlyRoot(binary: string): Promise<string[]> {
  const folder = workFolder('readonly')
  try {
    copyFileSync(binary, join(folder, 'deskbox'))
    // The data folder is named last for the keys in it, which lie outside the namespace.
    const command = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      readOnlyScript,
      'sh',
      folder,
      '--data',
      'data',
    ]
    return await serves(command, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What somebody may have put where the addon goes. It would end whoever loads it, or keep it from loading. */
const plants: Readonly<Record<string, (path: string, genuine: Buffer) => void>> = {
  'other bytes of the same size': (path, { length }) =>
    writeFileSync(path, Buffer.alloc(length, 0x90), { mode: 0o600 }),
  'a folder': (path) => mkdirSync(join(path, 'deep'), { recursive: true }),
  'the addon, for all to write': (path, genuine) => writeFileSync(path, genuine, { mode: 0o666 }),
}

// Without descriptors by name, no memory file can be loaded; the process keeps its number over exec.
const fileOnlyScript = `set -e
mount --make-rprivate /
mount -t proc proc proc
mount --bind nothing proc/$$/fd
exec chroot . /deskbox serve --port 0 --data data`

async function overPlanted(binary: string): Promise<string[]> {
  const folder = workFolder('planted')
  const native = join(folder, 'data/native')
  try {
    fillRoot(folder, binary)
    mkdirSync(join(folder, 'nothing'))
    const command = ['unshare', '--mount', 'sh', '-c', fileOnlyScript]
    const first = await serves(command, folder)
    const [name = ''] = existsSync(native) ? readdirSync(native) : []
    if (first.length > 0 || name === '') return [...first, `the folder has ${name || 'no addon'}`]
    const path = join(native, name)
    const genuine = readFileSync(path)
    const problems: string[] = []
    for (const [what, plant] of Object.entries(plants)) {
      rmSync(path, { recursive: true })
      plant(path, genuine)
      const found = await serves(command, folder, () => isReplaced(native, path, genuine))
      problems.push(...found.map((one) => `${what}: ${one}`))
    }
    return problems
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isReplaced(native: string, path: string, genuine: Buffer): string[] {
  const mode = statSync(path).mode & 0o777
  const isGenuine = statSync(path).isFile() && readFileSync(path).equals(genuine)
  return [
    ...(isGenuine && mode === 0o600 ? [] : [`is still there, with the mode ${mode.toString(8)}`]),
    ...(readdirSync(native).length === 1 ? [] : ['something was left beside it']),
  ]
}
