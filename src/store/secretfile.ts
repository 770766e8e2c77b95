import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { makePrivate, syncFolder } from './folder.ts'

/** A text that must not be in the database, and that another process may replace. */
export type SecretText = {
  /** The text, or undefined when there is none. */
  read(): string | undefined
  /** Differs when the text was replaced; costs less than reading it. */
  stamp(): string
  /** Replaces the text whole: whoever reads sees the old one or the new one, also after a crash. */
  write(text: string): void
}

const ownerOnly = 0o600

/** The file of that name in a data folder, for its owner's eyes only. */
export function secretFile(directory: string, name: string): SecretText {
  const path = join(directory, name)
  return {
    read: () => ifThere(() => readFileSync(path, 'utf8')),
    stamp: () => ifThere(() => stampOf(path)) ?? 'none',
    write: (text) => replace(path, text),
  }
}

/** Takes back what others were allowed to do with the file, if it is there. */
export function closeToOthers(directory: string, name: string): void {
  ifThere(() => chmodSync(join(directory, name), ownerOnly))
}

function stampOf(path: string): string {
  const { ino, mtimeMs, size } = statSync(path)
  return [ino, mtimeMs, size].join()
}

function replace(path: string, text: string): void {
  const fresh = `${path}.new`
  const fd = openSync(fresh, 'w', ownerOnly)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  makePrivate(fresh)
  renameSync(fresh, path)
  syncFolder(dirname(path))
}

function ifThere<T>(job: () => T): T | undefined {
  try {
    return job()
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return undefined
    throw err
  }
}
