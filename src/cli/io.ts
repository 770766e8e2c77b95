/** What a verb may use of the terminal: a line to each stream, and the folder it was called in. */
export type Io = {
  out(line: string): void
  err(line: string): void
  readonly cwd: string
  readonly env: { readonly [name: string]: string | undefined }
  /** Whether a person reads the output, rather than a file or a service manager. */
  readonly isTerminal: boolean
}
