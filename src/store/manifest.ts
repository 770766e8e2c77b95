import type { Facts } from './facts.ts'
import type { Sum } from './archive.ts'

/** What a backup says of itself; the last file in it. */
export type Manifest = Facts & {
  readonly program: 'deskbox'
  /** Of this spelling. */
  readonly format: 1
  /** Of the program that made the backup. */
  readonly version: string
  readonly createdAt: string
  /** The last step of the schema. */
  readonly schema: string
  /** What else is in the archive. */
  readonly files: { readonly [name: string]: Sum }
}

export const manifestName = 'manifest.json'

/** Throws when the text is no manifest, or one of a later format. */
export function parseManifest(text: string): Manifest {
  const manifest = jsonOf(text)
  const { program, format, steps, counts, files } = (manifest ?? {}) as {
    readonly [K in keyof Manifest]?: unknown
  }
  if (program !== 'deskbox') throw new Error('It is no backup of a desk')
  if (format !== 1) throw new Error('It was made by a newer version, in a way unknown to this one')
  const isWhole = Array.isArray(steps) && isObject(counts) && isObject(files)
  if (!isWhole) throw new Error('Its manifest is damaged')
  return manifest as Manifest
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
