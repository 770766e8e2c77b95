import { existsSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What to fail: the n-th write or sync of files whose path ends in `file` ('*' is all of them). */
export type Fault = {
  readonly call: 'write' | 'sync'
  readonly error: keyof typeof errors
  readonly n: number
  readonly often: 'once' | 'always'
  readonly file: string
  /** Writes the first half before failing, as a full disk does. */
  readonly torn: boolean
}

const errors = { EIO: 5, ENOSPC: 28 } as const

/** The compiled shim; made once in each run and removed with it. */
export type Shim = Disposable & { readonly library: string }

/** Compiles the shim, or says why that cannot be. */
export function compileShim(): Shim | { readonly skipped: string } {
  const compiler = Bun.which('cc') ?? Bun.which('gcc') ?? Bun.which('clang')
  if (process.platform !== 'linux') return { skipped: 'the fault shim is for Linux' }
  if (!compiler) return { skipped: 'no C compiler (cc) to build the fault shim with' }
  const folder = workFolder('shim')
  const library = join(folder, 'faults.so')
  const sources = ['faults.c', 'sockets.c'].map((name) => join(import.meta.dir, name))
  const flags = ['-O2', '-shared', '-fPIC', '-w', '-o', library, ...sources, '-lpthread']
  const built = Bun.spawnSync([compiler, ...flags], { stdout: 'pipe', stderr: 'pipe' })
  if (!built.success) return { skipped: `cc failed: ${built.stderr.toString().slice(0, 200)}` }
  return { library, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

/** A new folder for one piece of work, with its links resolved, as the shim compares paths. */
export function workFolder(name: string): string {
  return mkdtempSync(join(realpathSync(tmpdir()), `deskbox-prove-${name}-`))
}

/** The environment that records what a server does to `data` into the file `log`. */
export function tracing(shim: Shim, data: string, log: string): Record<string, string> {
  return {
    LD_PRELOAD: shim.library,
    PROVE_FAULT_DIR: data,
    PROVE_FAULT_TRACE: log,
  }
}

/** The switch by which faults of one server are turned on and off while it runs. */
export type Breaker = {
  readonly env: Record<string, string>
  readonly arm: (fault: Fault) => Promise<void>
  readonly lift: () => void
  /** How many calls have been failed since the last `arm`. */
  readonly fired: () => number
}

/** `folder` holds the switch and must lie outside `data`. */
export function breaker(shim: Shim, data: string, folder: string): Breaker {
  const spec = join(folder, 'spec')
  const fired = join(folder, 'fired')
  return {
    env: {
      LD_PRELOAD: shim.library,
      PROVE_FAULT_DIR: data,
      PROVE_FAULT_SPEC: spec,
      PROVE_FAULT_FIRED: fired,
    },
    async arm(fault) {
      rmSync(fired, { force: true })
      await Bun.write(`${spec}.new`, specOf(fault))
      renameSync(`${spec}.new`, spec)
    },
    lift: () => rmSync(spec, { force: true }),
    fired: () => (existsSync(fired) ? readFileSync(fired, 'utf8').split('\n').length - 1 : 0),
  }
}

function specOf({ call, error, n, often, file, torn }: Fault): string {
  return `${call} ${errors[error]} ${n} ${often} ${file}${torn ? ' torn' : ''}\n`
}
