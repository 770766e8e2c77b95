import { expect } from 'bun:test'
import { contract, uid } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { ticket } from '../../support/seed.ts'
import { asPerson, signedIn } from '../../support/people.ts'
import { internalRefusals } from '../refusals.ts'

// The event feed for admins: the same events as Keva's, below an envelope of DeskHive's.

const line = 'GET /api/v1/internal/events'

/** What the people and keys of every test have told of so far. */
const before = 21

const pruned = (app: TestApp) => app.sql('DELETE FROM events WHERE sequence <= 5')

const empty = (nextAfter: number, perPage = 100) => ({
  data: [],
  meta: { per_page: perPage, next_after: nextAfter, has_more: false },
})

const selectedTypes = {
  message: 'The selected types is invalid.',
  errors: { types: ['The selected types is invalid.'] },
}
const noInteger = {
  message: 'The after field must be an integer.',
  errors: { after: ['The after field must be an integer.'] },
}
const gone = {
  status: 410,
  reply: { message: 'Events that old are no longer kept; the oldest is 6' },
  answers: { 'x-oldest-sequence': '6' },
}

contract(line, { key: 'special', given: ticket }, [
  {
    name: 'shows what happened as webhooks tell it, oldest first, and how far it got',
    call: `${line}?after=${before}&types=ticket.created`,
    status: 200,
    reply: {
      data: [
        {
          id: uid('evt'),
          type: 'ticket.created',
          createdAt: '2026-05-04T08:15:00Z',
          sequence: before + 2,
          ticketSequence: 1,
          data: {
            ticketId: uid('tkt'),
            subject: 'Invoice shows wrong VAT',
            customerEmail: 'mara@northwind.test',
            customerName: 'Mara Lind',
            source: 'email',
            priority: 'medium',
          },
        },
      ],
      meta: { per_page: 100, next_after: before + 3, has_more: false },
    },
  },
  {
    name: 'stops at the limit, and says that there is more',
    call: `${line}?after=${before}&limit=1`,
    key: 'scoped',
    status: 200,
    reply: {
      data: [expect.objectContaining({ type: 'customer.created' })],
      meta: { per_page: 1, next_after: before + 1, has_more: true },
    },
  },
  {
    name: 'lowers a limit to the maximum, and shows the one that was used',
    call: `${line}?after=${before + 3}&limit=5000`,
    status: 200,
    reply: empty(before + 3, 1000),
  },
  {
    name: 'falls back for a limit that is none',
    call: `${line}?after=${before + 3}&per_page=-2`,
    status: 200,
    reply: empty(before + 3),
  },
  {
    name: 'is empty beyond the end',
    call: `${line}?after=5000`,
    status: 200,
    reply: empty(5000),
  },
  {
    name: 'collects every issue, in declared order',
    call: `${line}?types=x&after=x`,
    status: 422,
    reply: {
      message: 'The after field must be an integer. (and 1 more error)',
      errors: { ...noInteger.errors, ...selectedTypes.errors },
    },
  },
  {
    name: 'refuses types that are told to nobody',
    call: `${line}?types=ticket.created,session.created`,
    status: 422,
    reply: selectedTypes,
  },
  {
    name: 'is open to an admin who has signed in',
    given: signedIn,
    key: asPerson.internal,
    call: `${line}?after=5000`,
    status: 200,
    reply: empty(5000),
  },
  { ...gone, name: 'refuses what is no longer kept', given: pruned, call: `${line}?after=4` },
  ...internalRefusals(line),
])

contract(`${line}/stream`, { key: 'special' }, [
  {
    name: 'refuses a bad position',
    call: `${line}/stream?after=1.5`,
    status: 422,
    reply: noInteger,
  },
  {
    name: 'refuses types that there are not',
    call: `${line}/stream?types=x`,
    status: 422,
    reply: selectedTypes,
  },
  {
    ...gone,
    name: 'refuses what is no longer kept, before it begins',
    given: pruned,
    call: `${line}/stream?after=4`,
  },
  ...internalRefusals(`${line}/stream`),
])
