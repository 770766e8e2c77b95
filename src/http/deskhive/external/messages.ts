import { z } from 'zod'
import { Fault } from '../../../domain/errors.ts'
import { likedMessages, toggleLike } from '../../../domain/likes.ts'
import { listReplies, postMessage } from '../../../domain/messages.ts'
import { integerId } from '../../../lib/ids.ts'
import type { Endpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import {
  agentList,
  agentSingle,
  agentTold,
  created,
  listed,
  pagingOf,
  pagingQuery,
} from '../envelope.ts'
import { reply } from '../reply.ts'
import { messageShape, presentMessage } from '../shapes.ts'
import { agentIdOf, ownTicket } from './own.ts'

const messagesPerPage = 30

const liking = z.strictObject({ liked: z.boolean(), count: z.int().min(0) })

/** deskhive.md 21.3 and 21.5. */
export const messages: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets/:id/messages',
    scope: null,
    tag: 'Messages',
    summary: 'List the messages of a ticket after the opening one, oldest first',
    query: z.object(pagingQuery(messagesPerPage)),
    answer: { status: 200, shape: agentList(messageShape) },
    run(call) {
      const { id } = ownTicket(call)
      const paging = pagingOf(call.query, messagesPerPage)
      const page = listReplies(call.tx, id, paging.range)
      const liked = likedMessages(call.tx, agentIdOf(call), page.rows)
      const rows = listed(paging, page, (row) => presentMessage(row, liked.has(row.id)))
      return { status: 200, body: { status: true, ...rows } }
    },
  },
  {
    method: 'POST',
    path: '/tickets/:id/messages',
    scope: null,
    tag: 'Messages',
    summary: 'Answer a ticket, or leave a note on it',
    body: reply,
    answer: { status: 201, shape: agentTold(messageShape, created) },
    run(call) {
      const { id, isLocked } = ownTicket(call)
      if (isLocked) throw new Fault('refused', 'locked')
      const { content, is_internal: isInternal = false } = read(call.tx, reply, call.body)
      const message = postMessage(call.tx, id, { body: content, isInternal, direction: 'outbound' })
      return {
        status: 201,
        body: { status: true, data: presentMessage(message), message: created },
      }
    },
  },
  {
    method: 'POST',
    path: '/tickets/:id/messages/:messageId/like',
    scope: null,
    tag: 'Messages',
    summary: 'Like a message, or take the like back',
    answer: { status: 200, shape: agentSingle(liking) },
    run(call) {
      const { id } = ownTicket(call)
      const messageId = integerId(call.params['messageId'] ?? '')
      const { isLiked, count } = toggleLike(call.tx, id, messageId, agentIdOf(call))
      return { status: 200, body: { status: true, data: { liked: isLiked, count } } }
    },
  },
]
