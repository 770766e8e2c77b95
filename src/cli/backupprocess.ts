import { basename } from 'node:path'
import type { BackupOutcome } from '../domain/backups.ts'
import type { BackupMaker } from '../jobs/backup.ts'

/** Has `deskbox backup` make each backup: copying and checking take minutes, and no call may wait for them. */
export function backupProcess(directory: string): BackupMaker {
  return (file) => {
    const args = ['backup', file, '--data', directory, '--unrecorded', '--json']
    const child = Bun.spawn([...thisProgram(), ...args], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()]
    const outcome = Promise.all([child.exited, ...texts]).then(([code, out, err]) =>
      outcomeOf(basename(file), code, String(out), String(err)),
    )
    return { outcome, stop: () => child.kill() }
  }
}

/** The command that starts this program again: the executable alone, or the runtime with the source. */
function thisProgram(): string[] {
  const isCompiled = /[\\/](?:\$bunfs|~BUN)[\\/]/.test(Bun.main)
  return isCompiled ? [process.execPath] : [process.execPath, Bun.main]
}

function outcomeOf(file: string, code: number, out: string, err: string): BackupOutcome {
  if (code !== 0) {
    const said = err.trim().replace(/^deskbox backup: /, '')
    return { file, reason: said === '' ? `The backup ended with ${code}` : said }
  }
  const { bytes, lastEvent } = JSON.parse(out) as {
    bytes: number
    lastEvent: { sequence: number } | null
  }
  return { file, bytes, lastSequence: lastEvent?.sequence ?? 0 }
}
