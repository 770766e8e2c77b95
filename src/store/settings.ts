import { eq, sql } from 'drizzle-orm'
import { cell, command, select, value, type Queries } from './queries.ts'
import { settings } from './schema.ts'

/** What is set, by name; what has its default may be absent. */
export type StoredSettings = { readonly [name: string]: unknown }

/** What new tickets go by: every setting, and the departments that are there to fall back on. */
export type OpeningFacts = {
  readonly settings: StoredSettings
  /** The department that the settings name, if it is published. */
  readonly chosenDepartmentId: number | null
  /** The one with the flag of the default, if it is published. */
  readonly flaggedDepartmentId: number | null
}

const everything = select(
  { settings: sql<string>`settings` },
  () => sql`SELECT json_group_object(name, json(value)) AS settings FROM settings`,
)

const forOpening = select(
  {
    settings: sql<string>`settings`,
    chosenDepartmentId: sql<number | null>`"chosenDepartmentId"`,
    flaggedDepartmentId: sql<number | null>`"flaggedDepartmentId"`,
  },
  () => sql`
  SELECT
    (SELECT json_group_object(name, json(value)) FROM settings) AS settings,
    (SELECT departments.id FROM settings JOIN departments
      ON departments.id = CAST(settings.value AS INTEGER) AND departments.status = 'published'
      WHERE settings.name = 'default_department_id') AS "chosenDepartmentId",
    (SELECT id FROM departments WHERE is_default = 1 AND status = 'published')
      AS "flaggedDepartmentId"`,
)

const one = select({ value: settings.value }, (db, row) =>
  db
    .select(row)
    .from(settings)
    .where(eq(settings.name, value('name'))),
)

const put = command((db) =>
  db
    .insert(settings)
    .values({ name: cell('name'), value: cell('value') })
    .onConflictDoUpdate({ target: settings.name, set: { value: sql`excluded.value` } }),
)

/** Every setting that has a row, in one statement. */
export function storedSettings(q: Queries): StoredSettings {
  return parsed(everything(q).get({})?.settings)
}

/** One setting, or undefined when it has no row. */
export function storedSetting(q: Queries, name: string): unknown {
  const row = one(q).get({ name })
  return row === undefined ? undefined : JSON.parse(row.value)
}

/** The settings and what a new ticket needs beside them, in one statement. */
export function openingFacts(q: Queries): OpeningFacts {
  const facts = forOpening(q).get({})
  return {
    settings: parsed(facts?.settings),
    chosenDepartmentId: facts?.chosenDepartmentId ?? null,
    flaggedDepartmentId: facts?.flaggedDepartmentId ?? null,
  }
}

export function putSetting(q: Queries, name: string, setting: unknown): void {
  put(q).run({ name, value: JSON.stringify(setting) })
}

function parsed(json: string | undefined): StoredSettings {
  return json === undefined ? {} : (JSON.parse(json) as StoredSettings)
}
