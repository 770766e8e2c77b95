/*
 * Finds where the keys of a TOML document stand, for messages: the parser in use tells the place
 * of a syntax error, but not of a key that is well formed and wrong. In a document that parses,
 * every key outside of arrays is found, with its full path; in any other, every key before the
 * error is. It neither throws nor checks anything, and takes time in proportion to the text.
 */

/** A key, or a part in front of it (`a` of `a.b = 1`), and where it was written. */
export type Key = { path: string[]; offset: number }

const tokens =
  /"""(?:\\[^]|[^\\])*?"""(?!")|'''[^]*?'''(?!')|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#.*|\n|[[\]{}=,]|[^\s"'#[\]{}=,.]+/g

/** All keys in the order of the text, offsets in UTF-16 units. */
export function keysOf(source: string): Key[] {
  const walk = new Walk()
  for (const { 0: token, index } of source.matchAll(tokens)) {
    if (!token.startsWith('#')) walk.step(token, index)
  }
  return walk.found
}

/** The line and column of an offset, counted from 1. */
export function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}

/** The offset of a line and column counted from 1. */
export function offsetOf(source: string, { line, column }: { line: number; column: number }) {
  const before = source.split('\n').slice(0, line - 1)
  return before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1
}

class Walk {
  readonly found: Key[] = []
  #table: string[] = []
  // The prefix of each inline table that is open, null for an array.
  #open: (string[] | null)[] = []
  #inKey = true
  #inHeader = false
  #parts: string[] = []
  #offset = 0

  step(token: string, offset: number): void {
    if (token === '\n') this.#endLine()
    else if (this.#inKey) this.#keyStep(token, offset)
    else this.#valueStep(token)
  }

  #endLine(): void {
    if (this.#open.length === 0) this.#startKey()
  }

  #startKey(): void {
    this.#inKey = true
    this.#inHeader = false
    this.#parts = []
  }

  #keyStep(token: string, offset: number): void {
    if (token === '[') this.#inHeader = true
    else if (token === ']') this.#table = this.#endKey([])
    else if (token === '=') this.#parts = this.#endKey(this.#open.at(-1) ?? this.#table)
    else if (token === '}') this.#close()
    else if (token !== '{' && token !== ',') {
      if (this.#parts.length === 0) this.#offset = offset
      this.#parts.push(nameOf(token))
      // A header may never be closed, and its name is wanted for the message then too.
      if (this.#inHeader) this.#note([], this.#parts.length)
    }
  }

  #valueStep(token: string): void {
    if (token === '{') {
      this.#open.push(this.#parts)
      this.#startKey()
    } else if (token === '[') this.#open.push(null)
    else if (token === '}' || token === ']') this.#close()
    else if (token === ',' && this.#open.at(-1)) this.#startKey()
  }

  /** Notes the key that ends here and each part in front of it; answers its full path. */
  #endKey(prefix: string[]): string[] {
    this.#inKey = false
    if (!this.#inHeader) {
      for (let length = 1; length <= this.#parts.length; length++) this.#note(prefix, length)
    }
    return [...prefix, ...this.#parts]
  }

  #note(prefix: string[], length: number): void {
    this.found.push({ path: [...prefix, ...this.#parts.slice(0, length)], offset: this.#offset })
  }

  #close(): void {
    this.#open.pop()
    this.#inKey = false
  }
}

/** What a bare or quoted key is called. */
function nameOf(token: string): string {
  if (token.startsWith("'")) return token.slice(1, -1)
  if (!token.startsWith('"')) return token
  return token.slice(1, -1).replace(/\\(?:u.{4}|U.{8}|x.{2}|.)/g, unescaped)
}

function unescaped(escape: string): string {
  const letter = escape.charAt(1)
  if (escape.length === 2) return escapes[letter] ?? letter
  const point = Number.parseInt(escape.slice(2), 16)
  return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
}

const escapes: { [letter: string]: string } = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\u001b',
}
