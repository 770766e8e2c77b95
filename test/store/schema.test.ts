import { afterAll, describe, expect, test } from 'bun:test'
import { getTableConfig, SQLiteTable, type SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { is } from 'drizzle-orm'
import { Store } from '../../src/store/db.ts'
import * as schema from '../../src/store/schema.ts'
import { clientOf, T0 } from './fixtures.ts'

const store = Store.inMemory(T0)
const db = clientOf(store)
afterAll(() => store[Symbol.dispose]())

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

type TableInfo = { name: string; type: string; wr: number; strict: number }
type ColumnInfo = {
  name: string
  type: string
  notnull: number
  dflt_value: string | null
  pk: number
}

const own = db
  .prepare<[], TableInfo>('SELECT name, type, wr, strict FROM pragma_table_list')
  .all()
  .filter(({ name }) => !name.startsWith('sqlite_') && name !== 'migrations')
const isFullText = (name: string) => /^(?:article_|customer_)?search(?:_|$)/.test(name)
const tables = own.filter(({ name }) => !isFullText(name))
const tableNames = tables.map(({ name }) => name).toSorted()

const columnsOf = (table: string) =>
  db.prepare<[string], ColumnInfo>('SELECT * FROM pragma_table_info(?)').all(table)

const sqlOf = (name: string) =>
  String(db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').pluck().get(name))

const mirrors = Object.values<unknown>(schema).filter((value) => is(value, SQLiteTable))
const mirrorOf = new Map(mirrors.map((mirror) => [getTableConfig(mirror).name, mirror]))

describe('the mirror in schema.ts', () => {
  test('has every table of the database and no other', () => {
    expect([...mirrorOf.keys()].toSorted()).toEqual(tableNames)
  })

  test.each([...mirrorOf])('%s: columns, types, NOT NULL, keys and defaults', (name, mirror) => {
    const { columns } = getTableConfig(mirror)
    const real = columnsOf(name)
    const keyColumns = real.filter(({ pk }) => pk > 0).length
    expect(columns.map(mirrored)).toEqual(
      real.map((column) => ({
        name: column.name,
        type: column.type.toLowerCase(),
        notNull: column.notnull === 1 || column.pk > 0,
        // Drizzle would declare a key of two columns apart; no statement needs it.
        isKey: column.pk > 0 && keyColumns === 1,
        default: column.dflt_value,
      })),
    )
  })

  test('has the words of every CHECK, and no others', () => {
    const checked: string[] = []
    for (const [name, mirror] of mirrorOf) {
      for (const column of getTableConfig(mirror).columns) {
        const words = wordsIn(name, snake(column.name))
        if (!column.enumValues?.length || !words) continue
        expect([name, column.name, words]).toEqual([name, column.name, column.enumValues])
        checked.push(`${name}.${column.name}`)
      }
    }
    expect(checked).toHaveLength(mentions(/ IN\s*\('/g))
  })
})

/** How often the tables' own SQL says something. */
function mentions(pattern: RegExp): number {
  return tableNames.flatMap((name) => sqlOf(name).match(pattern) ?? []).length
}

/** The words that a CHECK lets a column have. */
function wordsIn(table: string, column: string): string[] | undefined {
  const [, list] = new RegExp(`\\(${column} IN\\s*\\(([^)]*)\\)`).exec(sqlOf(table)) ?? []
  return list?.match(/(?<=')[^']+(?=')/g)?.filter((word) => !/^[,\s]+$/.test(word))
}

function mirrored(column: SQLiteColumn) {
  return {
    name: snake(column.name),
    type: column.getSQLType(),
    notNull: column.notNull,
    isKey: column.primary,
    default: defaultOf(column),
  }
}

function defaultOf(column: SQLiteColumn): string | null {
  if (column.default === undefined) return null
  const value = column.mapToDriverValue(column.default)
  return typeof value === 'string' ? `'${value}'` : String(value)
}

describe('the database', () => {
  test('is strict in every table but the full-text indexes', () => {
    expect(tables.filter(({ strict }) => strict !== 1)).toEqual([])
    const loose = own.filter(({ strict }) => strict !== 1).map(({ name }) => name)
    expect(loose.every(isFullText)).toBe(true)
  })

  test('refuses a text where a number belongs', () => {
    const insert = db.prepare("INSERT INTO counters VALUES ('x', 'many')")
    expect(() => insert.run()).toThrow('cannot store TEXT value in INTEGER column')
  })

  test('has these indexes', () => {
    const names = db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
      )
      .pluck()
      .all()
    expect(names).toEqual(expectedIndexes)
  })

  test('has these triggers', () => {
    const names = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name")
      .pluck()
      .all()
    expect(names).toEqual(expectedTriggers)
  })

  test('finds by an index what refers to a row that goes', () => {
    const bare = tableNames.flatMap((table) =>
      foreignKeysOf(table)
        .filter((column) => !leadsAnIndex(table, column))
        .map((column) => `${table}.${column}`),
    )
    expect(bare).toEqual([])
    expect(tableNames.flatMap(foreignKeysOf)).toHaveLength(mentions(/ REFERENCES /g))
  })

  test('says of every reference what becomes of it when the row goes', () => {
    const silent = tableNames.filter((table) =>
      db
        .prepare<[string], { on_delete: string }>(
          'SELECT on_delete FROM pragma_foreign_key_list(?)',
        )
        .all(table)
        .some(({ on_delete: action }) => action !== 'CASCADE' && action !== 'SET NULL'),
    )
    expect(silent).toEqual([])
  })
})

function foreignKeysOf(table: string): string[] {
  const columns = db.prepare('SELECT "from" FROM pragma_foreign_key_list(?)').pluck().all(table)
  return columns.map(String)
}

function leadsAnIndex(table: string, column: string): boolean {
  const indexes = db.prepare('SELECT name FROM pragma_index_list(?)').pluck().all(table).map(String)
  return indexes.some((index) => {
    const first = db.prepare('SELECT name FROM pragma_index_info(?) WHERE seqno = 0').pluck()
    return first.get(index) === column
  })
}

const expectedIndexes = [
  'api_keys_agent',
  'api_keys_owner',
  'approvals_article',
  'approvals_due',
  'approvals_message',
  'approvals_status',
  'approvals_ticket',
  'articles_author',
  'articles_category',
  'articles_created',
  'articles_status',
  'canned_responses_order',
  'categories_order',
  'categories_parent',
  'custom_fields_order',
  'customers_created',
  'customers_name',
  'customers_vip',
  'deliveries_due',
  'deliveries_event',
  'deliveries_leased',
  'deliveries_settled',
  'deliveries_status',
  'deliveries_type',
  'deliveries_waiting',
  'delivery_attempts_delivery',
  'department_agents_staff',
  'departments_default',
  'departments_order',
  'knowledge_categories_name',
  'knowledge_categories_order',
  'labels_name',
  'labels_order',
  'message_likes_staff',
  'messages_customer',
  'messages_opening',
  'messages_staff',
  'messages_ticket',
  'notifications_staff',
  'notifications_ticket',
  'notifications_unread',
  'products_order',
  'refresh_tokens_expired',
  'refresh_tokens_session',
  'sessions_ended',
  'sessions_staff',
  'staff_email',
  'staff_order',
  'ticket_agents_staff',
  'ticket_custom_values_field',
  'ticket_labels_label',
  'tickets_assigned',
  'tickets_category',
  'tickets_created',
  'tickets_customer',
  'tickets_department',
  'tickets_ended',
  'tickets_escalated',
  'tickets_priority',
  'tickets_product',
  'tickets_status',
  'tickets_unassigned',
  'tickets_waiting',
  'webhook_endpoints_created',
  'webhook_endpoints_deleted',
  'webhook_secrets_endpoint',
  'workflow_runs_approval',
  'workflow_runs_cause',
  'workflow_runs_due',
  'workflow_runs_ended',
  'workflow_runs_going',
  'workflow_runs_live',
  'workflow_runs_newest',
  'workflow_runs_root',
  'workflow_runs_shown',
  'workflow_runs_turn',
  'workflow_steps_due',
  'workflow_steps_position',
  'workflow_timers_due',
  'workflow_timers_ticket',
  'workflows_active',
  'workflows_created',
  'workflows_deleted',
  'workflows_due',
]

const expectedTriggers = [
  'approvals_counted',
  'approvals_recounted',
  'approvals_uncounted',
  'articles_counted',
  'articles_recounted',
  'articles_searched',
  'articles_searched_again',
  'articles_uncounted',
  'articles_unsearched',
  'customers_counted',
  'customers_searched_again',
  'customers_uncounted',
  'customers_unsearched',
  'customers_vip_counted',
  'customers_vip_recounted',
  'customers_vip_uncounted',
  'deliveries_counted',
  'deliveries_recounted',
  'deliveries_uncounted',
  'departments_undated',
  'knowledge_categories_removed',
  'message_likes_counted',
  'message_likes_uncounted',
  'messages_dated',
  'messages_redated',
  'messages_searched_again',
  'messages_undated',
  'messages_unsearched',
  'notifications_counted',
  'notifications_recounted',
  'notifications_uncounted',
  'staff_undated',
  'ticket_agents_counted',
  'ticket_agents_counted_for_agents',
  'ticket_agents_counted_for_departments',
  'ticket_agents_dated',
  'ticket_agents_uncounted',
  'ticket_agents_uncounted_for_agents',
  'ticket_agents_uncounted_for_departments',
  'ticket_agents_undated',
  'tickets_counted',
  'tickets_counted_for_departments',
  'tickets_dated',
  'tickets_moved',
  'tickets_recounted',
  'tickets_recounted_for_agents',
  'tickets_recounted_for_departments',
  'tickets_redated',
  'tickets_removed',
  'tickets_searched_again',
  'tickets_settled',
  'tickets_uncounted',
  'tickets_uncounted_for_departments',
  'tickets_undated',
  'workflow_runs_counted',
  'workflow_runs_recounted',
  'workflow_runs_state_counted',
  'workflow_runs_state_recounted',
  'workflow_runs_state_uncounted',
  'workflow_runs_uncounted',
]
