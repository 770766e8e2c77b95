import type { Facts } from '../../src/domain/facts.ts'

/** A Monday, a quarter past eight by UTC. */
export const monday = Date.parse('2026-05-04T08:15:00Z')

export const facts = {
  now: monday,
  timezone: 'UTC',
  ticket: {
    id: 'tkt_1',
    reference: 'SD-1001',
    subject: 'Printer on fire',
    body: 'It burns. Please HELP!',
    status: 'open',
    priority: 'high',
    source: 'api',
    assignedTo: 'user_7',
    tags: ['Hot', 'billing'],
    createdAt: monday - 1_440 * 60_000,
    updatedAt: monday - 30 * 60_000 - 1,
  },
  customer: {
    id: 'cust_1',
    name: 'Mara Lind',
    email: 'Mara@Example.com',
    isVip: true,
    ticketCount: 12,
    sentiment: 'negative',
  },
  message: {
    id: 'msg_1',
    body: 'Still burning',
    senderName: 'Mara',
    senderEmail: 'mara@example.com',
    direction: 'inbound',
    isFromModel: false,
  },
  customFields: { 'Order Number': '1042', due: '2026-06-01' },
  variables: {
    draft: { value: 'Dear {{customer.name}}', isFromModel: true },
    triage: { value: { category: 'billing', score: 0.9 }, isFromModel: true },
    plain: { value: 'plain', isFromModel: false },
  },
  trigger: {
    type: 'ticket_updated',
    at: monday,
    data: { previous: { status: 'open' }, list: [1, 2], n: 4 },
  },
} satisfies Facts
