import { z } from 'zod'
import { listReplies, postMessage } from '../../../domain/messages.ts'
import { getTicketRow } from '../../../domain/tickets.ts'
import { integerId } from '../../../lib/ids.ts'
import type { Endpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import { created, list, listed, pagingOf, pagingQuery, told } from '../envelope.ts'
import { reply } from '../reply.ts'
import { messageShape, presentMessage } from '../shapes.ts'

const perPage = 15

/** deskhive.md section 7. */
export const messages: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets/:id/messages',
    scope: 'messages:list',
    tag: 'Messages',
    summary: 'List the messages of a ticket after the opening one, oldest first',
    query: z.object(pagingQuery(perPage)),
    answer: { status: 200, shape: list(messageShape) },
    run({ tx, params, query }) {
      const { id } = getTicketRow(tx, integerId(params['id'] ?? ''))
      const paging = pagingOf(query, perPage)
      const page = listReplies(tx, id, paging.range)
      return { status: 200, body: listed(paging, page, presentMessage) }
    },
  },
  {
    method: 'POST',
    path: '/tickets/:id/messages',
    scope: 'messages:create',
    tag: 'Messages',
    summary: 'Answer a ticket, or leave a note on it',
    body: reply,
    answer: { status: 201, shape: told(messageShape, created) },
    run({ tx, params, body }) {
      const { id } = getTicketRow(tx, integerId(params['id'] ?? ''))
      const { content, is_internal: isInternal = false } = read(tx, reply, body)
      const message = postMessage(tx, id, { body: content, isInternal, direction: 'outbound' })
      return { status: 201, body: { data: presentMessage(message), message: created } }
    },
  },
]
