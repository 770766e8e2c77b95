import { mkdirSync } from 'node:fs'

/** Why this process may mount nothing; undefined when it may. Tried in a namespace of its own. */
export function mountsRefused(): string | undefined {
  if (process.platform !== 'linux') return 'file systems are mounted on Linux alone'
  if (!Bun.which('unshare') || !Bun.which('mount')) return 'there is no unshare or no mount'
  const tried = ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp']
  const { success } = Bun.spawnSync(tried, { stdout: 'ignore', stderr: 'ignore' })
  return success ? undefined : 'mounting is not permitted here; it takes root'
}

/** A file system in memory at a new folder, gone with its scope. */
export function memoryDisk(path: string, options: string): Disposable {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  mounted(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', path])
  return { [Symbol.dispose]: () => void Bun.spawnSync(['umount', '--lazy', path]) }
}

/** The folder seen a second time, where nothing can be written to it. */
export function readOnlyView(of: string, path: string): Disposable {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  mounted(['mount', '--bind', of, path])
  const view = { [Symbol.dispose]: () => void Bun.spawnSync(['umount', '--lazy', path]) }
  try {
    mounted(['mount', '-o', 'remount,bind,ro', path])
  } catch (err) {
    view[Symbol.dispose]()
    throw err
  }
  return view
}

function mounted(command: string[]): void {
  const { success, stderr } = Bun.spawnSync(command, { stderr: 'pipe' })
  if (!success) throw new Error(`${command.join(' ')}: ${stderr.toString().trim()}`)
}
