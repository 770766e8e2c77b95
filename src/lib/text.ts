/** One spelling for comparing e-mail addresses: composed, lower case in every script. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

/** What a name sorts by: accents and case folded away, so that Åse stands with Asa. */
export function sortName(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

/** Whether a text has at least so many characters, counted as `isAtMost` does. */
export function isAtLeast(text: string, min: number): boolean {
  return text.length >= 2 * min || Array.from(text).length >= min
}

/** Whether a text has at most so many characters: code points, as JSON Schema and Laravel count. */
export function isAtMost(text: string, max: number): boolean {
  return text.length <= max || Array.from(text).length <= max
}

/** A size as people read it: `1.2 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}
