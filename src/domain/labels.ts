import { labelByName } from '../store/labels.ts'
import { labels } from './catalog.ts'
import type { Tx } from './tx.ts'

const colorUntilChosen = '#64748b'

/** The ids of the labels with these names, each made on its first use; a repeated name counts once. */
export function labelIdsByName(tx: Tx, names: readonly string[]): number[] {
  return [...new Set(names)].map((name) => {
    const known = labelByName(tx.q, name)
    return known?.id ?? labels.create(tx, { name, color: colorUntilChosen }).id
  })
}
