/** One spelling for comparing e-mail addresses: composed, lower case in every script. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

/** What a name sorts by: accents and case folded away, so that Åse stands with Asa. */
export function sortName(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}

/** Whether a text has at most so many characters: code points, as JSON Schema and Laravel count. */
export function isAtMost(text: string, max: number): boolean {
  return text.length <= max || Array.from(text).length <= max
}

/** As `isAtMost`, the other way round. */
export function isAtLeast(text: string, min: number): boolean {
  return text.length >= min && Array.from(text).length >= min
}
