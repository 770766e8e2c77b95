import { shuffled, type Random } from './random.ts'
import type { Step } from './trace.ts'

type Change = Extract<Step, { kind: 'write' | 'truncate' }>

/** A file: what a sync has made safe, and the changes since. */
type Held = {
  bytes: Buffer
  size: number
  readonly pending: Change[]
  /** Removed, but no sync of the folder has followed. */
  isUnlinked: boolean
}

export type Image = {
  readonly contents: ReadonlyMap<string, Buffer>
  /** The files of which something unsynced was lost or torn. */
  readonly damaged: ReadonlySet<string>
}

/** How an image treats its unsynced changes; chosen anew for each image. */
type Fate = { readonly kept: number; readonly torn: number; readonly sectorBytes: number }

const shares = [0, 0.1, 0.5, 0.9, 1] as const

/** A disk that promises only what was synced. Paths outside `folder` are not kept. */
export class Disk {
  readonly #folder: string
  readonly #files = new Map<string, Held>()

  constructor(folder: string) {
    this.#folder = folder
  }

  apply(step: Exclude<Step, { kind: 'acknowledge' }>): void {
    // The index of the log is rebuilt from the log, and nobody expects it to last.
    if (step.path.endsWith('-shm')) return
    if (step.kind === 'sync') this.#sync(step.path)
    else if (step.kind === 'unlink') this.#held(step.path).isUnlinked = true
    else if (step.kind === 'rename') this.#rename(step.path, step.to)
    else this.#held(step.path, 'live').pending.push(step)
  }

  /** What might be found when the power comes back. The disk itself stays as it is. */
  afterPowerLoss(random: Random): Image {
    const contents = new Map<string, Buffer>()
    const fate = fateFor(random)
    const damaged = new Set<string>()
    for (const [path, held] of this.#files) {
      if (held.isUnlinked && random.chance(0.5)) continue
      const kept = held.pending.flatMap((change) => survivors(change, fate, random))
      if (kept.length !== held.pending.length || kept.some((one, at) => one !== held.pending[at])) {
        damaged.add(path)
      }
      const copy = { bytes: Buffer.from(held.bytes.subarray(0, held.size)), size: held.size }
      for (const change of shuffled(kept, random)) applyTo(copy, change)
      contents.set(path, copy.bytes.subarray(0, copy.size))
    }
    return { contents, damaged }
  }

  #sync(path: string): void {
    if (path === this.#folder) this.#forget()
    const held = this.#files.get(path)
    if (!held) return
    for (const change of held.pending) applyTo(held, change)
    held.pending.length = 0
  }

  #forget(): void {
    for (const [path, held] of this.#files) if (held.isUnlinked) this.#files.delete(path)
  }

  /** Renames are taken as safe at once: the server makes none of its database files. */
  #rename(from: string, to: string): void {
    const held = this.#files.get(from)
    if (!held) return
    this.#files.delete(from)
    this.#files.set(to, held)
  }

  /** A write to a path that was removed begins a new file. */
  #held(path: string, state?: 'live'): Held {
    const known = this.#files.get(path)
    if (known && !(state === 'live' && known.isUnlinked)) return known
    const fresh: Held = { bytes: Buffer.alloc(0), size: 0, pending: [], isUnlinked: false }
    this.#files.set(path, fresh)
    return fresh
  }
}

function fateFor(random: Random): Fate {
  const kept = shares[random.between(0, shares.length - 1)] ?? 0.5
  const torn = random.chance(0.5) ? 0.3 : 0
  return { kept, torn, sectorBytes: random.chance(0.5) ? 512 : 4096 }
}

/** A change as it is, in pieces, or not at all. */
function survivors(change: Change, { kept, torn, sectorBytes }: Fate, random: Random): Change[] {
  if (change.kind === 'write' && random.chance(torn)) {
    return sectorsOf(change, sectorBytes).filter(() => random.chance(0.5))
  }
  return random.chance(kept) ? [change] : []
}

function sectorsOf(
  { path, at, bytes }: Extract<Change, { kind: 'write' }>,
  sectorBytes: number,
): Change[] {
  const pieces: Change[] = []
  let from = 0
  while (from < bytes.length) {
    const to = Math.min(bytes.length, from + sectorBytes - ((at + from) % sectorBytes))
    pieces.push({ kind: 'write', path, at: at + from, bytes: bytes.subarray(from, to) })
    from = to
  }
  return pieces
}

function applyTo(file: { bytes: Buffer; size: number }, change: Change): void {
  if (change.kind === 'truncate') {
    file.bytes.fill(0, Math.min(change.size, file.size))
    grow(file, change.size)
    file.size = change.size
    return
  }
  const end = change.at + change.bytes.length
  grow(file, end)
  change.bytes.copy(file.bytes, change.at)
  file.size = Math.max(file.size, end)
}

function grow(file: { bytes: Buffer }, size: number): void {
  if (size <= file.bytes.length) return
  const larger = Buffer.alloc(Math.max(size, file.bytes.length * 2))
  file.bytes.copy(larger)
  file.bytes = larger
}
