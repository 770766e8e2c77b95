import { z } from 'zod'
import { searchArticles } from '../../../domain/articles.ts'
import type { Endpoint } from '../../endpoint.ts'
import { readQuery } from '../../fields.ts'
import { foundArticleShape, presentFound } from '../articles.ts'
import { agentSingle } from '../envelope.ts'
import { textFrom } from '../fields.ts'

const asked = z.object({ q: textFrom(2) })

/** deskhive.md 22.2: the best twenty in one answer. */
export const library: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/knowledge-base/search',
    scope: null,
    tag: 'Knowledge base',
    summary: 'Search the published articles',
    query: asked,
    answer: { status: 200, shape: agentSingle(z.array(foundArticleShape)) },
    run({ tx, query }) {
      const { q } = readQuery(tx, asked, query)
      return { status: 200, body: { status: true, data: searchArticles(tx, q).map(presentFound) } }
    },
  },
]
