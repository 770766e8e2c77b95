/** What a verb may use of the terminal: a line to each stream, and the folder it was called in. */
export type Io = { out(line: string): void; err(line: string): void; cwd: string }
