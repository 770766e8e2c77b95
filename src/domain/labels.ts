import { insertLabel, labelById, labelByName } from '../store/labels.ts'
import type { Reader, Tx } from './tx.ts'

const colorUntilChosen = '#64748b'

/** The ids of the labels with these names, each made on its first use; a repeated name counts once. */
export function labelIdsByName(tx: Tx, names: readonly string[]): number[] {
  return [...new Set(names)].map((name) => labelByName(tx.q, name)?.id ?? createLabel(tx, name))
}

export function labelExists(reader: Reader, id: number): boolean {
  return labelById(reader.q, id) !== undefined
}

function createLabel(tx: Tx, name: string): number {
  const id = insertLabel(tx.q, {
    name,
    color: colorUntilChosen,
    createdAt: tx.now,
    updatedAt: tx.now,
  })
  tx.emit('label.created', null, { id, name })
  return id
}
