import type { Surface } from './dialect.ts'

/** The surface that speaks for a path: of the longest prefix, or the first one when none has it. */
export function surfaceOf(surfaces: readonly Surface[], path: string): Surface {
  const exact = surfaces.find((surface) => rowsAt(surface, path).length > 0)
  if (exact) return exact
  const within = surfaces.filter(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`))
  const [longest = surfaces[0]] = within.toSorted((a, b) => b.prefix.length - a.prefix.length)
  if (!longest) throw new Error('Nothing is mounted')
  return longest
}

/** The methods that a path answers to, for `Allow` (RFC 9110 10.2.1); none for an unknown path. */
export function methodsAt(surfaces: readonly Surface[], path: string): string[] {
  const methods = surfaces.flatMap((surface) => rowsAt(surface, path)).map((row) => row.method)
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))]
}

function rowsAt({ prefix, endpoints }: Surface, path: string) {
  if (!path.startsWith(`${prefix}/`)) return []
  const segments = path.slice(prefix.length).replace(/\/$/, '').split('/')
  return endpoints.filter(({ path: pattern }) => fits(pattern.split('/'), segments))
}

function fits(pattern: string[], segments: string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, at) =>
      part.startsWith(':') ? segments[at] !== '' : part === segments[at],
    )
  )
}

/** The path of an absolute URL, as sent. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  if (start < 0) return '/'
  const end = url.indexOf('?', start)
  return end < 0 ? url.slice(start) : url.slice(start, end)
}

/**
 * The path of a URL as a log may have it. Whoever knows the id of a workflow can start it (keva.md 8.7), so of that
 * only so much is left that lines about the same one can be told.
 */
export function shownPath(url: string): string {
  return pathOf(url).replace(workflowSegment, (_, before: string, segment: string) =>
    isPlain.test(segment) ? `${before}${segment}` : `${before}${start.exec(segment)?.[0] ?? ''}…`,
  )
}

const workflowSegment = /(\/workflows?\/)([^/]+)/gi
/** Not an id of Keva's. */
const isPlain = /^(?:templates|\d{1,16})$/
const start = /^wf_[0-9a-z]{1,6}/
