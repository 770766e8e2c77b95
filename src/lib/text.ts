/** One spelling for comparing e-mail addresses: composed, lower case in every script. */
export function emailKey(email: string): string {
  return email.normalize('NFC').toLowerCase()
}

/** What a name sorts by: accents and case folded away, so that Åse stands with Asa. */
export function sortName(name: string): string {
  return name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
