import { describe, expect, test } from 'bun:test'
import type { UpdateCause } from '../../../src/domain/events.ts'
import { updateTicket, type TicketPatch } from '../../../src/domain/tickets.ts'
import { jobActor, type Actor } from '../../../src/domain/tx.ts'
import { linkAgent } from '../../../src/store/agents.ts'
import { arrange, contract, type Before, type Given, type Row } from '../../support/contract.ts'
import { openTestApp, staff, type KeyName, type TestApp } from '../../support/harness.ts'
import { call } from '../../support/send.ts'
import { agentTicket, closedTicket, lockedTicket, ticket } from '../../support/seed.ts'
import { externalRefusals } from '../refusals.ts'
import { meta, notFound } from './views.ts'

// deskhive.md 23.2, 24.2 to 24.4 and 25.

const line = 'GET /api/v1/external/notifications'
const countLine = 'GET /api/v1/external/notifications/unread-count'
const readAll = 'POST /api/v1/external/notifications/read-all'
const readOne = (id: number) => `POST /api/v1/external/notifications/${id}/read`

/** What the assignment of ticket 1 to Tomas raises. */
const assigned = {
  id: 1,
  type: 'ticket_assigned',
  title: 'New ticket #SD-1001',
  message: 'A ticket was assigned to you',
  ticket_id: 1,
  sender_name: null as string | null,
  sender_avatar: null as string | null,
  is_read: false,
  created_at: '2026-05-04T08:15:00Z',
}

const replied = {
  ...assigned,
  type: 'ticket_reply',
  title: 'New reply on #SD-1001',
  message: 'Customer replied to your ticket',
  sender_name: 'Mara Lind',
}

const nowIs = (status: string) => ({
  ...assigned,
  type: 'ticket_status_changed',
  title: 'Status changed on #SD-1001',
  message: `Ticket is now ${status}`,
  sender_name: 'Administrator',
})

const inbound: Before = {
  call: 'POST /api/v1/tickets/{ticket}/messages',
  key: 'keva',
  body: { body: 'Still wrong.', direction: 'inbound' },
}
const change = (body: object): Before => ({
  call: 'PUT /api/v1/internal/tickets/1',
  key: 'special',
  body,
})

type Step = (app: TestApp) => void | Promise<void>

/** Links a person to the ticket beside its assignee. */
const alsoOf =
  (id: number): Step =>
  (app) =>
    app.write((tx) => linkAgent(tx.q, { id: 1, createdAt: tx.now }, id))

const settings =
  (json: string): Step =>
  (app) =>
    app.sql(`UPDATE staff SET notification_settings = '${json}' WHERE id = ${staff.tomas}`)

/** What the agent of a key is told of the last step alone, in the order in which it happened. */
async function told(
  given: Given,
  step: Given,
  key: KeyName = 'agent',
): Promise<(typeof assigned)[]> {
  using app = await openTestApp()
  await arrange(app, given, 'special')
  const earlier = await listOf(app, key)
  await arrange(app, step, 'special')
  const later = await listOf(app, key)
  return later.slice(0, later.length - earlier.length).toReversed()
}

async function listOf(app: TestApp, key: KeyName): Promise<(typeof assigned)[]> {
  const answer = await call(app, `${line}?per_page=200`, { key })
  return (answer.body as { data: (typeof assigned)[] }).data
}

const withAnyId = (one: typeof assigned) => ({ ...one, id: expect.any(Number) as number })
type Case = readonly [name: string, given: Given, step: Given, shown: readonly (typeof assigned)[]]

const onceAssigned = [ticket, change({ assigned_to: staff.tomas })]

/** What an agent does through an internal key of their own, or in a portal. */
const asAgent =
  (id: number, patch: TicketPatch, cause?: UpdateCause): Step =>
  (app) => {
    const actor: Actor = { kind: 'staff', keyId: null, staffId: id, ipAddress: null }
    return app.desk.write(actor, (tx) => updateTicket(tx, 1, patch, cause))
  }

const cases: readonly Case[] = [
  ['a customer who replies', agentTicket, [inbound], [replied]],
  [
    'the name that the reply bears, not the customer’s of later',
    agentTicket,
    [
      { ...inbound, body: { body: 'x', direction: 'inbound', senderName: 'M. Lind' } },
      (app) => app.sql("UPDATE customers SET name = 'Somebody'"),
    ],
    [{ ...replied, sender_name: 'M. Lind' }],
  ],
  [
    'the picture that the customer had then',
    [agentTicket, (app) => app.sql("UPDATE customers SET avatar_url = 'https://x.test/1.png'")],
    [inbound, (app) => app.sql('UPDATE customers SET avatar_url = NULL')],
    [{ ...replied, sender_avatar: 'https://x.test/1.png' }],
  ],
  [
    'a nameless customer by the address',
    [agentTicket, (app) => app.sql('UPDATE customers SET name = NULL')],
    [inbound],
    [{ ...replied, sender_name: 'mara@northwind.test' }],
  ],
  [
    'a reply that opens the ticket again, by whoever wrote it',
    closedTicket,
    [{ ...inbound, body: { body: 'x', direction: 'inbound', senderEmail: 'bo@x.test' } }],
    [
      { ...replied, sender_name: 'bo@x.test' },
      { ...nowIs('open'), sender_name: 'bo@x.test' },
    ],
  ],
  [
    'an assignment',
    ticket,
    [change({ assigned_to: staff.tomas })],
    [{ ...assigned, sender_name: 'Administrator' }],
  ],
  [
    'an assignment and what came with it',
    ticket,
    [change({ assigned_to: staff.tomas, status: 'in_progress' })],
    [{ ...assigned, sender_name: 'Administrator' }, nowIs('in_progress')],
  ],
  [
    'an assignment by another agent',
    ticket,
    asAgent(staff.noor, { assignedTo: staff.tomas }),
    [{ ...assigned, sender_name: 'Noor Haddad' }],
  ],
  ['a status', agentTicket, [change({ status: 'on_hold' })], [nowIs('on_hold')]],
  [
    'a status of the other contract in the words of this one',
    agentTicket,
    [{ call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { status: 'solved' } }],
    [nowIs('closed')],
  ],
  [
    'a ticket that silence closed, with nobody as sender',
    agentTicket,
    (app) =>
      app.desk.write(jobActor, (tx) =>
        updateTicket(tx, 1, { status: { to: 'closed', unless: [] } }, 'inactivity'),
      ),
    [{ ...nowIs('closed'), sender_name: null }],
  ],
  [
    'a reference that begins with a number sign, which is not doubled (D8)',
    [agentTicket, (app) => app.sql("UPDATE tickets SET reference = '#1001'")],
    [inbound],
    [{ ...replied, title: 'New reply on #1001' }],
  ],
  [
    'a kind that the settings leave on',
    [agentTicket, settings('{"ticket_reply":true,"ticket_status_changed":false,"x":0}')],
    [inbound],
    [replied],
  ],
]

const silent: readonly (readonly [name: string, given: Given, step: Given])[] = [
  ['the answer of the staff', agentTicket, [{ ...inbound, body: { body: 'We look.' } }]],
  [
    'a note',
    agentTicket,
    [{ ...inbound, body: { body: 'x', direction: 'inbound', isInternal: true } }],
  ],
  ['a ticket of others', ticket, [inbound, change({ status: 'closed' })]],
  ['an assignment to another', onceAssigned, [change({ assigned_to: staff.noor })]],
  ['an assignment that ends', onceAssigned, [change({ assigned_to: null })]],
  ['an assignment to themselves', ticket, asAgent(staff.tomas, { assignedTo: staff.tomas })],
  [
    'a status that they set themselves',
    agentTicket,
    [{ call: 'POST /api/v1/external/tickets/1/close', key: 'agent' }],
  ],
  [
    'one way to be done with after the other',
    closedTicket,
    [{ call: 'PATCH /api/v1/tickets/{ticket}', key: 'keva', body: { status: 'solved' } }],
  ],
  ['what is no status', agentTicket, [change({ priority: 'low', is_locked: true, labels: [] })]],
  [
    'a reply that was refused',
    lockedTicket,
    async (app) => {
      const refused = await call(app, inbound.call, inbound)
      expect(refused.status).toBe(400)
    },
  ],
]

describe('an agent is told of', () => {
  test.each(cases)('%s', async (_name, given, step, shown) => {
    expect(await told(given, step)).toEqual(shown.map(withAnyId))
  })

  test('what an other agent does who is linked too', async () => {
    const close: Given = [{ call: 'POST /api/v1/external/tickets/1/close', key: 'agent' }]
    const given = [agentTicket, alsoOf(staff.noor)]
    const byTomas = { ...nowIs('closed'), sender_name: 'Tomas Berg' }
    expect(await told(given, close, 'otherAgent')).toEqual([withAnyId(byTomas)])
    expect(await told(given, [inbound], 'otherAgent')).toEqual([withAnyId(replied)])
  })

  test('an assignment that follows by itself, though it be by a key of their own', async () => {
    const step = asAgent(staff.tomas, { assignedTo: staff.tomas }, 'reply')
    expect(await told(ticket, step)).toMatchObject([{ type: 'ticket_assigned' }])
  })
})

describe('an agent is not told of', () => {
  test.each(silent)('%s', async (_name, given, step) => {
    expect(await told(given, step)).toEqual([])
  })

  test.each(['false', '0', '"0"', '"false"'])(
    'a kind whose setting is %s; the others go on',
    async (value) => {
      const given = [agentTicket, settings(`{"ticket_reply":${value}}`)]
      const step = [inbound, change({ status: 'on_hold' })]
      expect(await told(given, step)).toEqual([withAnyId(nowIs('on_hold'))])
    },
  )

  test('anything when nobody works behind the link: inactive agents and users have none', async () => {
    using app = await openTestApp()
    const people = [alsoOf(staff.ida), alsoOf(staff.admin)]
    await arrange(app, [ticket, ...people, inbound, change({ status: 'closed' })], 'special')
    await arrange(app, [change({ assigned_to: staff.ida })], 'special')
    await arrange(app, [change({ assigned_to: staff.admin })], 'special')
    expect(app.dump().get('notifications')).toBe('[]')
  })
})

const reply = (app: TestApp) => arrange(app, [inbound], null)
const many = (count: number): readonly Step[] => [
  agentTicket,
  ...Array.from({ length: count - 1 }, () => reply),
]
const shown = (ids: readonly number[], counted: object): Row['reply'] => {
  return (body: { data: { id: number }[]; meta: object }) => {
    expect(body.data.map(({ id }) => id)).toEqual([...ids])
    expect(body.meta).toEqual(counted)
  }
}
const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, n) => from - n)

contract(line, { key: 'agent', call: line, given: agentTicket }, [
  {
    name: 'is empty at first',
    given: [],
    status: 200,
    reply: { status: true, data: [], meta: meta(0, 1, 20) },
  },
  {
    name: 'shows notifications',
    status: 200,
    reply: { status: true, data: [assigned], meta: meta(1, 1, 20) },
  },
  {
    name: 'shows twenty, newest first',
    given: many(23),
    status: 200,
    reply: shown(down(23, 4), meta(23, 1, 20)),
  },
  {
    name: 'pages, from the nearer end too',
    call: `${line}?per_page=5&page=4`,
    given: many(23),
    status: 200,
    reply: shown(down(8, 4), meta(23, 4, 5)),
  },
  {
    name: 'ends with the first',
    call: `${line}?per_page=5&page=5`,
    given: many(23),
    status: 200,
    reply: shown(down(3, 1), meta(23, 5, 5)),
  },
  {
    name: 'is empty past its end',
    call: `${line}?page=9`,
    status: 200,
    reply: { status: true, data: [], meta: meta(1, 9, 20) },
  },
  {
    name: 'does not show those of others',
    key: 'otherAgent',
    status: 200,
    reply: { status: true, data: [], meta: meta(0, 1, 20) },
  },
  {
    name: 'goes with its ticket, and so do the counts',
    given: [...many(3), { call: 'DELETE /api/v1/internal/tickets/1', key: 'special' }],
    status: 200,
    reply: { status: true, data: [], meta: meta(0, 1, 20) },
    after: async (app) => {
      const { body } = await call(app, countLine, { key: 'agent' })
      expect(body).toEqual({ status: true, data: { unread_count: 0 } })
    },
  },
  ...externalRefusals(line),
])

const counted = (count: number) => ({
  status: 200,
  reply: { status: true, data: { unread_count: count } },
})

contract(countLine, { key: 'agent', call: countLine, given: many(4) }, [
  { name: 'counts', ...counted(4) },
  { name: 'is nothing at first', given: [], ...counted(0) },
  { name: 'does not count those of others', key: 'otherAgent', ...counted(0) },
  {
    name: 'does not count what was read, however often',
    given: [...many(4), { call: readOne(2) }, { call: readOne(2) }],
    ...counted(3),
  },
  ...externalRefusals(countLine),
])

const marked = {
  status: 200,
  reply: {
    status: true,
    data: { ...assigned, is_read: true },
    message: 'Notification marked as read',
  },
}

contract(readOne(1), { key: 'agent', call: readOne(1), given: agentTicket }, [
  {
    name: 'marks it, and no event tells of that',
    ...marked,
    after: async (app) => {
      const { body } = await call(app, line, { key: 'agent' })
      expect(body).toMatchObject({ data: [{ is_read: true }] })
    },
  },
  { name: 'is harmless a second time', given: [agentTicket, { call: readOne(1) }], ...marked },
  {
    ...notFound,
    name: 'does not find another agent’s, and leaves it',
    key: 'otherAgent',
    after: async (app) => {
      const { body } = await call(app, countLine, { key: 'agent' })
      expect(body).toMatchObject({ data: { unread_count: 1 } })
    },
  },
  { ...notFound, name: 'does not find one that is not there', call: readOne(99) },
  { ...notFound, name: 'does not find what is no id', call: readOne(1).replace('/1/', '/1e0/') },
  ...externalRefusals(readOne(1)),
])

const allRead = {
  status: 200,
  reply: {
    status: true,
    data: { unread_count: 0 },
    message: 'All notifications marked as read',
  },
}

contract(readAll, { key: 'agent', call: readAll, given: many(3) }, [
  {
    name: 'marks all, and no event tells of that',
    ...allRead,
    after: async (app) => {
      const { body } = await call(app, line, { key: 'agent' })
      const read = (body as { data: { is_read: boolean }[] }).data.map((one) => one.is_read)
      expect(read).toEqual([true, true, true])
    },
  },
  { name: 'is harmless when there is nothing to mark', given: [], ...allRead },
  {
    name: 'leaves those of others',
    key: 'otherAgent',
    ...allRead,
    after: async (app) => {
      const { body } = await call(app, countLine, { key: 'agent' })
      expect(body).toMatchObject({ data: { unread_count: 3 } })
    },
  },
  ...externalRefusals(readAll),
])
