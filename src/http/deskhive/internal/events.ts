import { z } from 'zod'
import { positiveInteger } from '../../../lib/page.ts'
import type { Endpoint } from '../../endpoint.ts'
import {
  eventShape,
  feedLimit,
  feedQuery,
  feedRefusals,
  feedSizes,
  followFeed,
  payloadPage,
} from '../../feed.ts'

const scope = 'events:read'
const tag = 'Events'

/** The feed (ext): what happened, in the words that other systems are told of it. */
export const events: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/events',
    scope,
    tag,
    summary: 'List events past a sequence, oldest first',
    query: z.object({
      ...feedQuery.shape,
      limit: feedLimit,
      per_page: feedLimit.meta({ description: 'Another name for `limit`' }),
    }),
    answer: {
      status: 200,
      shape: z.strictObject({
        data: z.array(eventShape),
        meta: z.strictObject({
          per_page: z.int().min(1).max(feedSizes.most),
          next_after: z.int().min(0),
          has_more: z.boolean(),
        }),
      }),
    },
    refusals: feedRefusals,
    run({ tx, query }) {
      const asked = positiveInteger(query.get('limit') ?? query.get('per_page'))
      const perPage = Math.min(asked ?? feedSizes.usual, feedSizes.most)
      const { payloads, nextAfter, hasMore } = payloadPage(tx, query, perPage)
      const meta = { per_page: perPage, next_after: nextAfter, has_more: hasMore }
      return { status: 200, body: { data: payloads, meta } }
    },
  },
  {
    method: 'GET',
    path: '/events/stream',
    scope,
    tag,
    summary: 'Follow events as they happen, as Server-Sent Events',
    query: feedQuery,
    answer: { status: 200, shape: eventShape },
    refusals: feedRefusals,
    follow: followFeed,
  },
]
