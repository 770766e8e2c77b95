// A webhook may point at something that changes this desk again, or another one that points back. Every
// delivery, and every call of a workflow, says how many webhooks lie behind it; a change that comes in with that number hands it on, one
// higher, and past the third nothing is changed any more.

export const hopsHeader = 'X-Deskbox-Hops'

export const hopsMost = 3

/** What the header says; anything else than a small number says nothing. */
export function hopsIn(header: string | null): number {
  return header !== null && /^\d{1,3}$/.test(header) ? Number(header) : 0
}
