import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { migrations } from '../../migrations/index.ts'
import { isoSeconds, type Millis } from '../lib/time.ts'
import { claimFolder, requireRoom } from './folder.ts'
import { lockFolder } from './lock.ts'
import { nativeBinding } from './native.ts'
import { withRemedy } from './remedies.ts'
import { commitStaged, dropStaged, finishStaged, stagingFolder } from './staged.ts'
import { manifestOf, unpack, type Unpacked } from './unpack.ts'

export type Restored = Unpacked & {
  /** The folder, within the data folder, that has what was there before; null when there was nothing. */
  readonly replaced: string | null
}

const ownerWaitMs = 300

/**
 * Puts what a backup holds in the place of what the data folder holds, as one, and keeps that. Throws, with
 * nothing changed, beside a running server, and when the backup is damaged or of a newer schema.
 */
export function restoreBackup(file: string, directory: string, now: Millis): Restored {
  if (!existsSync(file)) throw new Error(`There is no file ${file}`)
  const manifest = manifestOf(file)
  if (manifest) refuseNewer(manifest.steps, `Deskbox ${manifest.version}`)
  try {
    return restoreChecked(file, directory, now)
  } catch (err) {
    throw withRemedy(err, directory)
  }
}

function restoreChecked(file: string, directory: string, now: Millis): Restored {
  claimFolder(directory)
  const binding = nativeBinding(directory)
  using lock = lockFolder(directory, ownerWaitMs, binding)
  if (!lock) {
    throw new Error(`A server is running on ${directory}: stop it first, then restore`)
  }
  finishStaged(directory)
  requireRoom(directory, statSync(file).size, 'what is restored')
  const staging = stagingFolder(directory)
  try {
    const unpacked = unpack(file, staging, binding)
    refuseNewer(unpacked.facts.steps, 'a newer version')
    const replaced = freeName(directory, `replaced-${isoSeconds(now).replace(/[-:]/g, '')}`)
    commitStaged(directory, replaced)
    return { ...unpacked, replaced: existsSync(join(directory, replaced)) ? replaced : null }
  } finally {
    dropStaged(directory)
  }
}

function refuseNewer(steps: readonly string[], maker: string): void {
  const ours = new Set(migrations.map(({ name }) => name))
  const unknown = steps.filter((step) => !ours.has(step)).at(-1)
  if (unknown === undefined) return
  throw new Error(
    `The backup has the schema ${unknown}, which this version does not know: it was made by ${maker}, ` +
      'and needs that or a newer one',
  )
}

function freeName(directory: string, name: string): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`
    if (!existsSync(join(directory, candidate))) return candidate
  }
}
