import { z } from 'zod'
import { directionOf, listMessages, postMessage, type Message } from '../../domain/messages.ts'
import { ticketIdOf } from '../../domain/tickets.ts'
import { publicId } from '../../lib/ids.ts'
import { isoSeconds } from '../../lib/time.ts'
import type { Endpoint } from '../endpoint.ts'
import { read } from '../fields.ts'
import { email, flag, oneOf, optionalText, text } from './fields.ts'
import { date } from './shapes.ts'
import { envelopeList, v1 } from './surface.ts'
import { uidIn } from './tickets.ts'

const directions = ['inbound', 'outbound'] as const

/** keva.md 4.7. */
export const messageShape = z
  .strictObject({
    id: z.string(),
    ticketId: z.string(),
    direction: z.enum(directions),
    senderEmail: z.string().nullable(),
    senderName: z.string().nullable(),
    body: z.string(),
    isInternal: z.boolean(),
    createdAt: date,
  })
  .meta({ id: 'Message' })

const creation = z.object({
  body: text(),
  direction: oneOf(directions).optional(),
  senderEmail: email().nullable().optional(),
  senderName: optionalText(250),
  isInternal: flag(),
})

function present(message: Message, ticketId: string) {
  return {
    id: publicId('message', message.uid),
    ticketId,
    direction: directionOf(message),
    senderEmail: message.senderEmail ?? message.customerEmail,
    senderName: message.senderName ?? message.customerName,
    body: message.body,
    isInternal: message.isInternal,
    createdAt: isoSeconds(message.createdAt),
  }
}

const list = envelopeList('messages')

export const messages: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/tickets/:id/messages',
    scope: 'tickets:read',
    tag: 'Messages',
    summary: 'List the messages of a ticket, oldest first',
    query: list.query(),
    answer: list.answer(messageShape),
    run({ tx, params, query }) {
      const id = ticketIdOf(tx, uidIn(params))
      const ticketId = params['id'] ?? ''
      const body = list.body(
        query,
        (window) => listMessages(tx, id, window),
        (message) => present(message, ticketId),
      )
      return { status: 200, body }
    },
  },
  {
    method: 'POST',
    path: '/tickets/:id/messages',
    scope: 'tickets:write',
    tag: 'Messages',
    summary: 'Add a message or an internal note',
    body: creation,
    answer: { status: 201, shape: v1.single(messageShape) },
    run({ tx, params, body }) {
      const id = ticketIdOf(tx, uidIn(params))
      const fields = read(tx, creation, body)
      const message = postMessage(tx, id, {
        body: fields.body,
        direction: fields.direction ?? 'outbound',
        isInternal: fields.isInternal ?? false,
        // An integration that names nobody speaks for nobody in particular.
        senderName: fields.senderName ?? null,
        senderEmail: fields.senderEmail ?? null,
      })
      return { status: 201, body: v1.body(present(message, params['id'] ?? '')) }
    },
  },
]
