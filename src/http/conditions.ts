import { Fault } from '../domain/errors.ts'

// Conditional requests (RFC 9110, section 13). A tag is the version of the row and, on what can be read
// again, a hash of the text: the version moves when somebody changes the record, the hash also when
// something that is shown beside it does, such as the name of a department.

/** The strong tag of a record that is sent as `text`. */
export function entityTag(version: number, text: string): string {
  return `"${version}-${Bun.hash(text).toString(36)}"`
}

/** The strong tag of a record that was just written: good for `If-Match`. */
export function versionTag(version: number): string {
  return `"${version}"`
}

/** Whether the caller has this already, by `If-None-Match` (weak comparison). */
export function isKnown(headers: Headers, tag: string): boolean {
  const known = tagsOf(headers.get('if-none-match'))
  return known.some((one) => one === '*' || one.replace(/^W\//, '') === tag)
}

/**
 * Throws `stale` when the caller's `If-Match` names no tag of this version; without the header, or
 * without a record, there is nothing to compare. A weak tag never matches.
 */
export function refuseStale(headers: Headers, version: () => number | undefined): void {
  const wanted = headers.get('if-match')
  if (wanted === null) return
  const now = version()
  if (now === undefined) return
  const isMeant = (tag: string) => tag === '*' || versionIn(tag) === String(now)
  if (!tagsOf(wanted).some(isMeant)) throw new Fault('stale', 'version')
}

/** The tags of a list, as they were sent. */
function tagsOf(header: string | null): string[] {
  return header?.match(/(?:W\/)?"[^"]*"|\*/g) ?? []
}

function versionIn(tag: string): string | undefined {
  return /^"(\d+)(?:-[0-9a-z]+)?"$/.exec(tag)?.[1]
}
