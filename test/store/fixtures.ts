// Stores and desks for the tests of the layers below HTTP, and a look behind the queries.

import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type SQLite from 'better-sqlite3'
import { install } from '../../src/domain/installation.ts'
import { Outbox } from '../../src/domain/outbox.ts'
import { Desk, systemActor, type Random } from '../../src/domain/tx.ts'
import { payloadOf } from '../../src/http/payloads.ts'
import type { Connection } from '../../src/store/connection.ts'
import { Store, type OpenOptions } from '../../src/store/db.ts'
import type { Queries } from '../../src/store/queries.ts'
import { seeded } from '../prove/random.ts'

/** When every test begins. */
export const T0 = Date.parse('2026-05-04T08:15:00Z')

const connectionKey = {}

/** The connection that a closure's queries run on. */
export function connectionOf(q: Queries): Connection {
  return q.prepared(connectionKey, (connection) => connection)
}

/** The driver's own handle of a store. */
export function clientOf(store: Store): SQLite.Database {
  const found: SQLite.Database[] = []
  store.read((q) => {
    found.push(connectionOf(q).client)
  })
  const [client] = found
  if (!client) throw new Error('The store has no connection')
  return client
}

/** A folder that is gone with its scope. */
export function tempFolder(prefix: string): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), `deskbox-${prefix}-`))
  return {
    path,
    [Symbol.dispose]: () => {
      chmodSync(path, 0o700)
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** A store in a folder; faults are collected. */
export function openStore(
  directory: string,
  access: OpenOptions['access'] = 'own',
): { readonly store: Store; readonly faults: Error[] } & Disposable {
  const faults: Error[] = []
  const onFault = (fault: Error) => void faults.push(fault)
  const store = Store.open({ directory, access, now: T0, onFault })
  return { store, faults, [Symbol.dispose]: () => store[Symbol.dispose]() }
}

export function randomBytes(seed: number): Random {
  const random = seeded(seed)
  return (count) => Uint8Array.from({ length: count }, () => random.between(0, 255))
}

export type TestDesk = Disposable & {
  readonly store: Store
  readonly desk: Desk
  readonly time: { now: number }
}

/** An installed desk whose clock the test sets; in memory unless a store is given. */
export async function testDesk(store = Store.inMemory(T0), seed = 1): Promise<TestDesk> {
  const time = { now: T0 }
  const outbox = new Outbox(payloadOf)
  const desk = new Desk({ store, clock: () => time.now, random: randomBytes(seed), outbox })
  await desk.write(systemActor, install)
  return { store, desk, time, [Symbol.dispose]: () => store[Symbol.dispose]() }
}

export function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}
