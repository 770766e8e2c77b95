import { knowledgeCategoryIdsNamed } from '../store/catalog.ts'
import { knowledgeCategories } from './catalog.ts'
import type { Reader, Tx } from './tx.ts'

/**
 * The id of the knowledge category with that name, which is made on its first use. Of several the oldest
 * stands for the name. Blanks around a name are none of it.
 */
export function knowledgeCategoryIdByName(tx: Tx, name: string): number {
  const [oldest] = knowledgeCategoryIdsByName(tx, name)
  return oldest ?? knowledgeCategories.create(tx, { name: name.trim() }).id
}

/** Every knowledge category with exactly that name, as names need not be unique. */
export function knowledgeCategoryIdsByName(reader: Reader, name: string): number[] {
  return knowledgeCategoryIdsNamed(reader.q, name.trim())
}
