// What the tests of approvals propose, and how they do it.

import { expect } from 'bun:test'
import type { Before } from '../../support/contract.ts'
import { openTestApp, type KeyName, type TestApp } from '../../support/harness.ts'
import { ticket } from '../../support/seed.ts'
import { call } from '../../support/send.ts'

/** The id that ticket 1 has in every test: ids are random, but alike in each run. */
export const ticketId = await idOfTicket()

async function idOfTicket(): Promise<string> {
  using app = await openTestApp()
  await ticket(app)
  return app.named.get('ticket') ?? ''
}

export const reply = { actionType: 'send_reply', ticketId, draft: 'We have reissued it.' }

export const explained = {
  model: 'example-model-1',
  classification: { category: 'billing', sentiment: 'neutral', urgency: 'medium' },
  reasoning: { context: 'VAT differs', approach: 'Reissue the invoice', confidence: 0.81 },
}

export const update = {
  actionType: 'update_ticket',
  ticketId,
  changes: { status: 'pending', priority: 'high', tags: ['vat', 'billing'] },
}

export const entry = {
  actionType: 'create_kb_entry',
  title: 'Reissuing an invoice',
  content: 'Open **Billing**, then …',
  category: 'billing',
}

export const platform = {
  actionType: 'platform_action',
  ticketId,
  platform: 'stripe',
  actionId: 'create_refund',
  description: 'Refund charge ch_9 for $12.00',
  riskLevel: 'high',
  diff: [{ field: 'charge_status', before: 'paid', after: 'refunded' }],
  params: { charge: 'ch_9', amount: 1200, nested: { reason: ['duplicate', null] } },
}

/** A step that proposes and calls the proposal's public id `{approval}`. */
export function proposed(body: object, key: KeyName = 'keva') {
  return async (app: TestApp): Promise<void> => {
    const answer = await call(app, 'POST /api/approvals', { key, body })
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 201 })
    app.named.set('approval', (answer.body as { id: string }).id)
  }
}

/** A step that decides `{approval}`. */
export function decidedAs(decision: 'approved' | 'rejected'): Before {
  return { call: 'PATCH /api/v1/approvals/{approval}', key: 'keva', body: { decision } }
}

/** Decides `{approval}`. */
export function decide(app: TestApp, body: object, key: KeyName = 'keva') {
  return call(app, 'PATCH /api/v1/approvals/{approval}', { key, body })
}
