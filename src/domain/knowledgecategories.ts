import { knowledgeCategoryIdNamed } from '../store/catalog.ts'
import { knowledgeCategories } from './catalog.ts'
import type { Tx } from './tx.ts'

/** The id of the knowledge category with that name, which is made on its first use. */
export function knowledgeCategoryIdByName(tx: Tx, name: string): number {
  return knowledgeCategoryIdNamed(tx.q, name) ?? knowledgeCategories.create(tx, { name }).id
}
