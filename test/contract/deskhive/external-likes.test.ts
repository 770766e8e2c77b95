import { expect } from 'bun:test'
import { contract, type Before } from '../../support/contract.ts'
import { agentTicket, ticket } from '../../support/seed.ts'
import { externalRefusals } from '../refusals.ts'
import { notFound } from './views.ts'

// deskhive.md 21.5.

const tickets = '/api/v1/external/tickets'
const like = `POST ${tickets}/1/messages/2/like`
const reply: Before = { call: `POST ${tickets}/1/messages`, body: { content: 'Try again.' } }
const liked = (state: boolean, count: number) => ({
  status: 200,
  reply: { status: true, data: { liked: state, count } },
})

contract(like, { key: 'agent', call: like, given: [agentTicket, reply] }, [
  { name: 'likes at first', ...liked(true, 1), events: ['message.liked'] },
  {
    name: 'takes the like back the next time',
    given: [agentTicket, reply, { call: like }],
    ...liked(false, 0),
    events: ['message.unliked'],
  },
  {
    name: 'likes again after that',
    given: [agentTicket, reply, { call: like }, { call: like }],
    ...liked(true, 1),
    events: ['message.liked'],
  },
  {
    name: 'works on the opening message too',
    call: `POST ${tickets}/1/messages/1/like`,
    ...liked(true, 1),
    events: ['message.liked'],
  },
  {
    name: 'does not find a message of another ticket',
    given: [
      agentTicket,
      reply,
      {
        call: 'POST /api/v1/internal/tickets',
        key: 'special',
        body: { customer_id: 1, title: 'Other', content: 'Text' },
      },
    ],
    call: `POST ${tickets}/1/messages/3/like`,
    ...notFound,
  },
  {
    name: 'does not find a message that is not there',
    call: like.replace('/2/', '/99/'),
    ...notFound,
  },
  {
    name: 'does not find a message whose id is none',
    call: like.replace('/2/', '/1e0/'),
    ...notFound,
  },
  { name: 'does not find a ticket of others', given: ticket, ...notFound },
  ...externalRefusals(like),
])

const list = `GET ${tickets}/1/messages`

contract('likes in the list', { key: 'agent', call: list }, [
  {
    name: 'shows the caller’s own state, and the count of all',
    given: [agentTicket, reply, reply, { call: like }],
    status: 200,
    reply: (body: { data: { liked: boolean; likes_count: number }[] }) => {
      const shown = body.data.map((message) => [message.liked, message.likes_count])
      expect(shown).toEqual([
        [true, 1],
        [false, 0],
      ])
    },
  },
  {
    name: 'shows an admin the count, and no like of theirs',
    key: 'special',
    call: 'GET /api/v1/internal/tickets/1/messages',
    given: [agentTicket, { ...reply, key: 'agent' }, { call: like, key: 'agent' }],
    status: 200,
    reply: (body: { data: { liked: boolean; likes_count: number }[] }) => {
      expect(body.data).toMatchObject([{ liked: false, likes_count: 1 }])
    },
  },
  {
    name: 'forgets the likes of a ticket that is deleted',
    key: 'special',
    call: 'DELETE /api/v1/internal/tickets/1',
    given: [agentTicket, { ...reply, key: 'agent' }, { call: like, key: 'agent' }],
    status: 200,
    reply: { data: null, message: 'Deleted successfully' },
    events: ['ticket.deleted'],
    after: (app) => {
      expect(app.dump().get('message_likes')).toBe('[]')
    },
  },
])
