export const logLevels = ['error', 'info'] as const

/** The least that is shown: faults alone, or all that happens. */
export type LogLevel = (typeof logLevels)[number]

export type Facts = { readonly [name: string]: string | number | boolean | null }

/** Where the program tells what happened: one line per entry, never a secret. */
export type Log = {
  /** Whether `info` is shown at all, for what is costly to put together; absent when it always is. */
  isShown?(): boolean
  info(what: string, facts?: Facts): void
  error(what: string, err: unknown, facts?: Facts): void
}

/** How a log is written. `level` is asked each time, so that it can change while the server runs. */
export type LogOptions = {
  readonly write: (line: string, level: LogLevel) => void
  readonly level: () => LogLevel
}

/** Lines of JSON with the time, for a service manager to collect. */
export function jsonLog({ write, level }: LogOptions, clock: () => number): Log {
  const tell = (at: LogLevel, what: string, facts: object) =>
    write(JSON.stringify({ time: new Date(clock()).toISOString(), level: at, what, ...facts }), at)
  return {
    isShown: () => level() === 'info',
    info(what, facts = {}) {
      if (level() === 'info') tell('info', what, facts)
    },
    error: (what, err, facts = {}) => tell('error', what, { ...facts, ...causeOf(err) }),
  }
}

/** Lines for a person at a terminal, without the time. */
export function textLog({ write, level }: LogOptions): Log {
  return {
    isShown: () => level() === 'info',
    info(what, facts = {}) {
      if (level() === 'info') write(`${what} ${words(facts)}`.trimEnd(), 'info')
    },
    error: (what, err, facts = {}) =>
      write(`error: ${what} ${words({ ...facts, ...causeOf(err) })}`.trimEnd(), 'error'),
  }
}

function causeOf(err: unknown): object {
  if (!(err instanceof Error)) return { error: String(err) }
  const { cause } = err
  return {
    error: `${err.name}: ${err.message}`,
    ...(cause instanceof Error && { cause: `${cause.name}: ${cause.message}` }),
    ...(err.stack && { stack: err.stack }),
  }
}

function words(facts: object): string {
  return Object.entries(facts)
    .map(([name, fact]) => `${name}=${name === 'stack' ? `\n${String(fact)}` : spelled(fact)}`)
    .join(' ')
}

/** A text as it is, but in quotes when it could be taken for more than one line or fact. */
function spelled(fact: unknown): string {
  if (typeof fact !== 'string') return String(fact)
  return /^[^\s"=\p{C}]+$/u.test(fact) ? fact : JSON.stringify(fact)
}
