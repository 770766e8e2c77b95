import { getMeta, setMeta } from '../store/meta.ts'
import { createKey, listKeys } from './keys.ts'
import { createStaff, installedAdminId } from './staff.ts'
import { systemActor, type Desk, type Reader, type Tx } from './tx.ts'

const workspaceMeta = 'workspace_uid'
const firstAdminName = 'Administrator'

/** The uid of the one workspace, once the folder is installed. */
export function workspaceUid(reader: Reader): string | undefined {
  return getMeta(reader.q, workspaceMeta)
}

/** Gives a new data folder its workspace and its first user; an installed one stays as it is. */
export function install(tx: Tx): void {
  if (workspaceUid(tx) === undefined) setMeta(tx.q, workspaceMeta, tx.uid())
  if (installedAdminId(tx) !== undefined) return
  createStaff(tx, { role: 'admin', name: firstAdminName, email: null })
}

export type FirstKeys = { readonly keva: string; readonly internal: string }

/** The first keys, one for each contract, opening everything; undefined when there are keys already. */
export function createFirstKeys(tx: Tx): FirstKeys | undefined {
  if (listKeys(tx).length > 0) return undefined
  const ownerId = installedAdminId(tx) ?? null
  const common = { scopes: null, ownerId, agentId: null, expiresAt: null }
  const keva = createKey(tx, { ...common, kind: 'keva', name: 'First Keva key', isSpecial: false })
  const internal = createKey(tx, {
    ...common,
    kind: 'internal',
    name: 'First internal key',
    isSpecial: true,
  })
  return { keva: keva.raw, internal: internal.raw }
}

/** Installs what is missing, and nothing a second time. */
export async function installed(desk: Desk): Promise<void> {
  if (desk.read(systemActor, workspaceUid) !== undefined) return
  await desk.write(systemActor, install)
}

/** Makes the first keys of a folder that has none. `keep` gets them before they are on disk. */
export function firstKeys(
  desk: Desk,
  keep: (keys: FirstKeys) => void,
): Promise<FirstKeys | undefined> {
  return desk.write<FirstKeys | undefined>(systemActor, (tx) => {
    const keys = createFirstKeys(tx)
    if (keys) keep(keys)
    return keys
  })
}
