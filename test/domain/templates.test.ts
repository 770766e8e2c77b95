import { describe, expect, test } from 'bun:test'
import { renderConfig, renderTemplate } from '../../src/domain/templates.ts'
import { facts } from './facts.ts'

describe('a template', () => {
  test.each([
    ['{{ticket.id}} {{ticket.subject}}', 'tkt_1 Printer on fire'],
    ['{{ticket.status}}/{{ticket.priority}}', 'open/high'],
    ['{{ticket.tags}}', 'Hot, billing'],
    ['{{ticket.created_at}}', '2026-05-03T08:15:00Z'],
    ['{{ticket.customerEmail}}', 'Mara@Example.com'],
    ['{{customer.name}} {{customer.email}}', 'Mara Lind Mara@Example.com'],
    ['{{customer.isVip}} {{customer.is_vip}}', 'true true'],
    ['{{customer.sentiment}}', 'negative'],
    [
      '{{message.body}} {{message.sender_name}} {{message.direction}}',
      'Still burning Mara inbound',
    ],
    ['{{customFields.due}} {{custom_field.order_number}}', '2026-06-01 1042'],
    ['{{variables.plain}}', 'plain'],
    ['{{trigger.type}} at {{trigger.timestamp}}', 'ticket_updated at 2026-05-04T08:15:00Z'],
    ['{{trigger.data.previous.status}} {{trigger.data.list}}', 'open 1, 2'],
    ['{{trigger.data.list.0}}', '1'],
    ['{{trigger.data.previous}}', '{"status":"open"}'],
    ['{{ ticket.subject }}', 'Printer on fire'],
    // Unknown, or no path at all: nothing; what is not closed is text.
    [
      '[{{ticket.colour}}] [{{nowhere.x}}] [{{}}] [{{ticket}}] [{{message.isFromModel}}]',
      '[] [] [] [] []',
    ],
    ['[{{ticket.__proto__}}{{ticket.constructor}}{{trigger.data.toString}}]', '[]'],
    ['{{ticket.subject', '{{ticket.subject'],
    ['{{{ticket.status}}}', '{open}'],
    ['no place', 'no place'],
  ])('%s', (template, text) => {
    expect(renderTemplate(facts, template)).toEqual({ text, isFromModel: false })
  })

  test('is filled once: what is put in is no template', () => {
    const said = { ...facts, message: { ...facts.message, body: '{{customer.email}} $& {{x' } }
    expect(renderTemplate(said, '> {{message.body}}').text).toBe('> {{customer.email}} $& {{x')
    expect(renderTemplate(facts, '{{variables.draft}}').text).toBe('Dear {{customer.name}}')
  })

  test('is of a model when a part of it is', () => {
    expect(renderTemplate(facts, 'Hi. {{variables.draft}}').isFromModel).toBe(true)
    expect(renderTemplate(facts, '{{variables.triage.category}}').isFromModel).toBe(true)
    expect(renderTemplate(facts, '{{variables.triage.colour}}').isFromModel).toBe(false)
    const written = { ...facts, message: { ...facts.message, isFromModel: true } }
    expect(renderTemplate(written, '{{message.body}}').isFromModel).toBe(true)
  })

  test('goes over a hostile text once, and puts in no more than so much', () => {
    const begun = performance.now()
    const hostile = '{{'.repeat(100_000)
    expect(renderTemplate(facts, hostile).text).toBe(hostile)
    const large = { ...facts, message: { ...facts.message, body: 'x'.repeat(100_000) } }
    expect(renderTemplate(large, '{{message.body}}'.repeat(1000)).text.length).toBe(200_000)
    expect(performance.now() - begun).toBeLessThan(500)
  })
})

describe('a configuration', () => {
  test('has every text of it rendered, and nothing else changed', () => {
    const config = {
      to: '{{customer.email}}',
      count: 4,
      on: true,
      none: null,
      body: { text: ['{{ticket.id}}', 5, { deep: '{{ticket.status}}' }] },
    }
    expect(renderConfig(facts, config)).toEqual({
      config: {
        to: 'Mara@Example.com',
        count: 4,
        on: true,
        none: null,
        body: { text: ['tkt_1', 5, { deep: 'open' }] },
      },
      isFromModel: false,
    })
  })

  test('is of a model when a text deep in it is', () => {
    expect(renderConfig(facts, { a: [{ b: '{{variables.draft}}' }] }).isFromModel).toBe(true)
  })
})
