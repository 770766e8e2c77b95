import { z } from 'zod'
import { offeredResponses, type CannedResponse } from '../../../domain/catalog.ts'
import type { Endpoint } from '../../endpoint.ts'
import { agentSingle } from '../envelope.ts'

/** The seven keys of deskhive.md 22.1. */
const shape = z
  .strictObject({
    id: z.int(),
    title: z.string(),
    content: z.string().nullable(),
    category: z.string().nullable(),
    shortcut: z.string().nullable(),
    is_active: z.boolean(),
    sort_order: z.int(),
  })
  .meta({ id: 'CannedResponse' })

function present(row: CannedResponse) {
  return {
    id: row.id,
    title: row.title,
    content: row.content,
    category: row.category,
    shortcut: row.shortcut,
    is_active: row.isActive,
    sort_order: row.sortOrder,
  }
}

/** The whole list in one answer: what is not active is not offered. */
export const cannedResponses: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/canned-responses',
    scope: null,
    tag: 'Canned responses',
    summary: 'List the canned responses that are offered',
    answer: { status: 200, shape: agentSingle(z.array(shape)) },
    run: ({ tx }) => ({
      status: 200,
      body: { status: true, data: offeredResponses(tx).map(present) },
    }),
  },
]
