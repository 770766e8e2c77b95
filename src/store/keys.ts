import { and, desc, eq, getTableColumns, ne, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { Page, Range } from '../lib/page.ts'
import { select, value, type Queries } from './queries.ts'
import { inserter, patcher } from './rows.ts'
import { apiKeys, staff, type ApiKeyRow } from './schema.ts'

const owners = alias(staff, 'owners')

const selection = {
  ...getTableColumns(apiKeys),
  ownerName: owners.name,
  agentName: staff.name,
  isAgentActive: staff.isActive,
}

const ownerOfKey = eq(owners.id, apiKeys.ownerId)

// A person who is no agent, or no longer one, stands behind no key.
const agentOfKey = and(eq(staff.id, apiKeys.agentId), eq(staff.role, 'agent'))

/** A key with its maker and the agent that it stands for; their facts are null when there is none. */
export type KeyView = ApiKeyRow & {
  readonly ownerName: string | null
  readonly agentName: string | null
  readonly isAgentActive: boolean | null
}

const all = select(selection, (db, row) =>
  db
    .select(row)
    .from(apiKeys)
    .leftJoin(staff, agentOfKey)
    .leftJoin(owners, ownerOfKey)
    .orderBy(apiKeys.id),
)

const byId = select(selection, (db, row) =>
  db
    .select(row)
    .from(apiKeys)
    .leftJoin(staff, agentOfKey)
    .leftJoin(owners, ownerOfKey)
    .where(eq(apiKeys.id, value('id'))),
)

// Keva's keys are no part of DeskHive's list.
const newestOfDeskHive = select(selection, (db, row) =>
  db
    .select(row)
    .from(apiKeys)
    .leftJoin(staff, agentOfKey)
    .leftJoin(owners, ownerOfKey)
    .where(ne(apiKeys.kind, 'keva'))
    .orderBy(desc(apiKeys.createdAt), desc(apiKeys.id))
    .limit(value('limit'))
    .offset(value('offset')),
)

const countOfDeskHive = select({ total: sql<number>`count(*)` }, (db, row) =>
  db.select(row).from(apiKeys).where(ne(apiKeys.kind, 'keva')),
)

const dataVersion = select(
  { version: sql<number>`data_version` },
  () => sql`SELECT data_version AS version FROM pragma_data_version`,
)

export const insertKey = inserter(apiKeys)

export const updateKey = patcher(apiKeys)

export function allKeys(q: Queries): KeyView[] {
  return all(q).all({})
}

export function keyById(q: Queries, id: number): KeyView | undefined {
  return byId(q).get({ id })
}

export function deskHiveKeys(q: Queries, range: Range): Page<KeyView> {
  return {
    rows: newestOfDeskHive(q).all(range),
    total: countOfDeskHive(q).get({})?.total ?? 0,
  }
}

/** A number that changes when another process commits to the database. */
export function foreignChanges(q: Queries): number {
  return dataVersion(q).get({})?.version ?? 0
}
