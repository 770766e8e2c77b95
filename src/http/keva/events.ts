import { z } from 'zod'
import type { Endpoint } from '../endpoint.ts'
import {
  eventShape,
  feedLimit,
  feedQuery,
  feedRefusals,
  feedSizes,
  followFeed,
  payloadPage,
} from '../feed.ts'
import { pagingBy } from './paging.ts'

const scope = 'events:read'
const tag = 'Events'

/** The feed (ours), in the payloads of keva.md 9.1. */
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
        pagination: z.strictObject({
          perPage: z.int().min(1).max(feedSizes.most),
          nextAfter: z.int().min(0),
          hasMore: z.boolean(),
        }),
      }),
    },
    refusals: feedRefusals,
    run({ tx, query }) {
      const size = query.get('limit') ?? query.get('per_page')
      const { perPage } = pagingBy(null, size, feedSizes)
      const { payloads, nextAfter, hasMore } = payloadPage(tx, query, perPage)
      return { status: 200, body: { data: payloads, pagination: { perPage, nextAfter, hasMore } } }
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
