/** Where the program tells what happened: one line per entry, never a secret. */
export type Log = {
  info(what: string, facts?: Facts): void
  error(what: string, err: unknown, facts?: Facts): void
}

type Facts = { readonly [name: string]: string | number | boolean | null }

/** Lines of JSON with the time, for a service manager to collect. */
export function jsonLog(write: (line: string) => void, clock: () => number): Log {
  const line = (level: string, what: string, facts: object) =>
    write(JSON.stringify({ time: new Date(clock()).toISOString(), level, what, ...facts }))
  return {
    info: (what, facts = {}) => line('info', what, facts),
    error: (what, err, facts = {}) => line('error', what, { ...facts, ...causeOf(err) }),
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

/** Lines for a person at a terminal, without the time. */
export function textLog(write: (line: string) => void): Log {
  return {
    info: (what, facts = {}) => write(`${what} ${words(facts)}`.trimEnd()),
    error: (what, err, facts = {}) =>
      write(`error: ${what} ${words({ ...facts, ...causeOf(err) })}`.trimEnd()),
  }
}

function words(facts: object): string {
  return Object.entries(facts)
    .map(([name, fact]) => `${name}=${String(fact)}`)
    .join(' ')
}
