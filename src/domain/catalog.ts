import { catalogHas } from '../store/catalog.ts'
import type { Reader } from './tx.ts'

export function departmentExists(reader: Reader, id: number): boolean {
  return catalogHas(reader.q, 'departments', id)
}

export function categoryExists(reader: Reader, id: number): boolean {
  return catalogHas(reader.q, 'categories', id)
}

export function productExists(reader: Reader, id: number): boolean {
  return catalogHas(reader.q, 'products', id)
}
