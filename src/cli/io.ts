/** What a verb may use of the terminal: a line to each stream, its input, and the folder it was called in. */
export type Io = {
  out(line: string): void
  err(line: string): void
  /** Standard input, to its end or the end of its first line. */
  input(): Promise<Uint8Array>
  /** Standard input to its end. */
  wholeInput(): Promise<Uint8Array>
  readonly cwd: string
  readonly env: { readonly [name: string]: string | undefined }
  /** Whether a person reads the output, rather than a file or a service manager. */
  readonly isTerminal: boolean
}
