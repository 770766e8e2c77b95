import { Fault } from '../../domain/errors.ts'
import type { Position } from '../../lib/page.ts'

// A cursor is the place of the last row that was shown, so that the next page begins after it whatever
// was added meanwhile. Callers keep it as it is: its form may change with its version.

const version = 1

/** The cursor of a row of that list. */
export function cursorAt(list: string, { at, id }: Position): string {
  return Buffer.from(`${version}:${list}:${at}:${id}`).toString('base64url')
}

/** The place that a cursor of that list names. Throws `malformed` for anything else. */
export function positionOf(list: string, cursor: string): Position {
  const [, at = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split(':').slice(1)
  const position = { at: Number(at), id: Number(id) }
  const isExact = Number.isSafeInteger(position.at) && Number.isSafeInteger(position.id)
  if (!isExact || cursorAt(list, position) !== cursor) throw new Fault('malformed', 'cursor')
  return position
}
