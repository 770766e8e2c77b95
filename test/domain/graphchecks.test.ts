import { describe, expect, test } from 'bun:test'
import { graphFaults, sizeFaults } from '../../src/domain/graphchecks.ts'
import type { ActionType, GraphFault } from '../../src/domain/workflowgraph.ts'
import { planOf } from '../../src/domain/workflowplan.ts'
import type { MisfirePolicy } from '../../src/store/schema.ts'
import { graphSentence } from '../../src/http/graphwords.ts'

type Data = { readonly [name: string]: unknown }

const node = (id: string, type: string, data: Data = {}) => ({ id, type, data })
const edge = (source: string, target: string, sourceHandle?: string) => ({
  id: `${source}-${target}`,
  source,
  target,
  ...(sourceHandle !== undefined && { sourceHandle }),
})

/** What is wrong, in words. */
const faultsOf = (graph: unknown, kind = 'ticket_created') =>
  graphFaults(graph, kind).map(graphSentence)

/** The graph of keva.md 8.5. */
const documented = {
  nodes: [
    node('n1', 'trigger', { label: 'New', triggerType: 'ticket_created' }),
    node('n2', 'condition', {
      conditions: [{ field: 'ticket.priority', operator: 'in_list', value: ['high', 'urgent'] }],
      matchMode: 'all',
    }),
    node('n3', 'action', { actionType: 'add_tags', config: { tags: ['hot'] } }),
    node('n4', 'delay', { duration: 30, unit: 'minutes' }),
    node('n5', 'end'),
  ],
  edges: [
    edge('n1', 'n2'),
    edge('n2', 'n3', 'true'),
    edge('n2', 'n5', 'false'),
    edge('n3', 'n4'),
    edge('n4', 'n5'),
  ],
}

/** A trigger, then one node of that kind. */
const only = (type: string, data: Data) => ({
  nodes: [node('t', 'trigger'), node('n', type, data), node('e', 'end')],
  edges: [edge('t', 'n'), ...(type === 'condition' ? [edge('n', 'e', 'true')] : [edge('n', 'e')])],
})

const faultsAt = (type: string, data: Data) => faultsOf(only(type, data))
const triggerFaults = (data: Data, kind: string) =>
  faultsOf({ nodes: [node('t', 'trigger', data), node('e', 'end')], edges: [edge('t', 'e')] }, kind)

const tries = (count: number) => ({
  conditions: Array.from({ length: count }, () => ({
    field: 'ticket.body',
    operator: 'matches_regex',
    value: 'refund',
  })),
})

test('a graph tries so many patterns and no more, for they are tried in one go', () => {
  expect(faultsAt('condition', tries(20))).toEqual([])
  expect(faultsAt('condition', tries(21))).toEqual([
    'A graph has at most 20 comparisons with matches_regex',
  ])
})

describe('a graph', () => {
  test('as the contract has it is good', () => expect(faultsOf(documented)).toEqual([]))

  test.each([
    ['nothing', {}, ['Nodes must be a list', 'Edges must be a list', 'A graph needs a trigger']],
    ['null', null, ['Nodes must be a list', 'Edges must be a list', 'A graph needs a trigger']],
    ['no nodes', { nodes: [], edges: [] }, ['A graph needs a trigger']],
    [
      'strange nodes and edges',
      { nodes: [7, { id: '', type: 'end' }, node('t', 'trigger')], edges: ['x', { source: 't' }] },
      [
        'Nodes.0 needs a text id and type, and its data is an object',
        'Nodes.1 needs a text id and type, and its data is an object',
        'Edges.0 needs a text source and target',
        'Edges.1 needs a text source and target',
        'Node t: it must lead to another node',
      ],
    ],
    [
      'two triggers, two of an id, and a kind that is none',
      {
        nodes: [node('a', 'trigger'), node('b', 'trigger'), node('c', 'end'), node('c', 'loop')],
        edges: [edge('a', 'c'), edge('b', 'c')],
      },
      [
        'Node c: another node has the same id',
        'Node b: a graph has one trigger only',
        'Node c: type must be one of: trigger, condition, action, delay, end',
      ],
    ],
    [
      'ways from and to nowhere, into the trigger, and out of the end',
      {
        nodes: [node('t', 'trigger'), node('e', 'end')],
        edges: [edge('t', 'e'), edge('e', 't'), edge('x', 'y')],
      },
      [
        'Node e: nothing leads on from an end',
        'Node t: nothing leads to a trigger',
        'Edge x-y: its source x is no node',
        'Edge x-y: its target y is no node',
        'Node t: it leads back to itself',
      ],
    ],
    [
      'two ways out of what is no condition',
      {
        nodes: [node('t', 'trigger'), node('a', 'end'), node('b', 'end')],
        edges: [edge('t', 'a'), edge('t', 'b')],
      },
      ['Node t: only a condition leads to more than one node'],
    ],
    [
      'a node that nothing leads to',
      {
        nodes: [node('t', 'trigger'), node('e', 'end'), node('lost', 'end')],
        edges: [edge('t', 'e')],
      },
      ['Node lost: the trigger does not lead to it'],
    ],
    [
      'a way back',
      {
        nodes: [
          node('t', 'trigger'),
          node('a', 'delay', { duration: 1, unit: 'days' }),
          node('b', 'delay', { duration: 1, unit: 'days' }),
        ],
        edges: [edge('t', 'a'), edge('a', 'b'), edge('b', 'a')],
      },
      ['Node a: it leads back to itself'],
    ],
    [
      'a condition with strange branches',
      {
        nodes: [...only('condition', rule()).nodes, node('f', 'end')],
        edges: [
          edge('t', 'n'),
          edge('n', 'e', 'yes'),
          edge('n', 'e', 'true'),
          edge('n', 'f', 'true'),
        ],
      },
      [
        'Node n: a way out of a condition has the sourceHandle true or false',
        'Node n: more than one way is for true',
      ],
    ],
  ])('with %s', (_, graph, expected) => expect(faultsOf(graph)).toEqual(expected))

  test('may join again behind a condition', () => {
    const graph = {
      nodes: [
        node('t', 'trigger'),
        node('c', 'condition', rule()),
        node('a', 'action', { actionType: 'set_status', config: { status: 'closed' } }),
        node('e', 'end'),
      ],
      edges: [edge('t', 'c'), edge('c', 'a', 'true'), edge('c', 'e', 'false'), edge('a', 'e')],
    }
    expect(faultsOf(graph)).toEqual([])
  })

  test('names the nodes and edges that its faults are at', () => {
    const graph = {
      nodes: [node('t', 'trigger'), node('d', 'delay', { unit: 'years' })],
      edges: [edge('t', 'd'), edge('d', 'gone')],
    }
    const places = graphFaults(graph, 'manual').map(({ nodeId, edgeId, problem }: GraphFault) => [
      problem,
      nodeId,
      edgeId,
    ])
    expect(places).toEqual([
      ['required', 'd', undefined],
      ['oneOf', 'd', undefined],
      ['target', undefined, 'd-gone'],
    ])
  })
})

function rule(more: Data = {}): Data {
  return { conditions: [{ field: 'ticket.status', operator: 'equals', value: 'open', ...more }] }
}

describe('a graph that cannot even be kept', () => {
  test.each([
    ['too many nodes', { nodes: Array.from({ length: 201 }, (_, at) => node(`n${at}`, 'end')) }],
    ['too many bytes', { note: 'x'.repeat(256 * 1024) }],
    ['too many levels', JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`) as object],
  ])('has %s', (_, graph) => {
    expect(sizeFaults(graph)).toHaveLength(1)
    expect(graphFaults(graph, 'manual')).toEqual(sizeFaults(graph))
  })

  test('is none with as much as there may be', () => {
    const nodes = Array.from({ length: 200 }, (_, at) => node(`n${at}`, 'end'))
    expect(sizeFaults({ nodes })).toEqual([])
  })
})

describe('a trigger', () => {
  test.each<[string, Data, string[]]>([
    ['scheduled without a time', {}, ['Node t: data.cron is required']],
    [
      'scheduled by a bad expression',
      { cron: '0 0 31 2 *' },
      ['Node t: data.cron must be a cron expression of five fields that comes to pass'],
    ],
    [
      'scheduled by a number',
      { cron: 5 },
      ['Node t: data.cron must be a cron expression of five fields that comes to pass'],
    ],
    [
      'scheduled nowhere',
      { cron: '0 8 * * 1', timezone: 'Mars/Base' },
      ['Node t: data.timezone is no known time zone'],
    ],
    [
      'scheduled with a strange rule',
      { cron: '0 8 * * 1', misfirePolicy: 'panic' },
      ['Node t: data.misfirePolicy must be one of: skip, once, all'],
    ],
    ['scheduled by another name', { schedule: '0 8 * * 1', timezone: 'Europe/Berlin' }, []],
    ['of a ticket', { timer: { basis: 'no_reply', duration: 4, unit: 'hours' } }, []],
    [
      'of a ticket, wrong',
      { timer: { basis: 'x', duration: 0, unit: 'seconds' } },
      [
        'Node t: data.timer.basis must be one of: no_reply, created, updated, date_field',
        'Node t: data.timer.duration must be more than 0 and at most 366 days',
        'Node t: data.timer.unit must be one of: minutes, hours, days',
      ],
    ],
    [
      'of a ticket, after it',
      { timer: { basis: 'created', duration: 5, unit: 'minutes', direction: 'after' } },
      [],
    ],
    [
      'of a ticket, in no direction',
      { timer: { basis: 'created', duration: 5, unit: 'minutes', direction: 'sideways' } },
      ['Node t: data.timer.direction must be one of: after'],
    ],
    ...(['before', 'after', undefined] as const).map((direction): [string, Data, string[]] => [
      `of a ticket, ${direction ?? 'after'} the date of a field`,
      { timer: { basis: 'date_field', field: 'Renewal', duration: 3, unit: 'days', direction } },
      [],
    ]),
    [
      'of a ticket, by a date of no field',
      { timer: { basis: 'date_field', duration: 3, unit: 'days', direction: 'around' } },
      [
        'Node t: data.timer.field is required',
        'Node t: data.timer.direction must be one of: before, after',
      ],
    ],
    [
      'of a ticket, by a field that is no text',
      { timer: { basis: 'date_field', field: 5, duration: 3, unit: 'days' } },
      ['Node t: data.timer.field must be a text'],
    ],
    ['of a ticket, no object', { timer: 5 }, ['Node t: data.timer must be an object']],
  ])('%s', (_, data, expected) => expect(triggerFaults(data, 'scheduled')).toEqual(expected))

  test.each(['created', 'updated', 'no_reply'])('before %s is in no calendar', (basis) => {
    const timer = { basis, duration: 5, unit: 'minutes', direction: 'before' }
    expect(triggerFaults({ timer }, 'scheduled')).toEqual([
      'Node t: data.timer.direction must be after: nobody knows before when a ticket is created, changed or left waiting',
    ])
  })

  test.each([
    ['skip', 'skip'],
    ['once', 'run_once'],
    ['all', 'run_all'],
    [undefined, 'run_once'],
    ['toString', 'run_once'],
  ])('with the rule %p for missed times means %s', (misfirePolicy, meant) => {
    const data = { cron: '0 8 * * 1', misfirePolicy }
    const graph = { nodes: [node('t', 'trigger', data)], edges: [] }
    const given = { triggerKind: 'scheduled', isActive: true, after: 0 } as const
    expect(planOf(graph, given).misfirePolicy).toBe(meant as MisfirePolicy)
  })

  test('that is not scheduled needs no time', () => {
    expect(triggerFaults({}, 'manual')).toEqual([])
  })
})

describe('a condition', () => {
  test.each<[string, Data, string[]]>([
    ['without rules', {}, ['Node n: data.conditions is required']],
    ['with no rules', { conditions: [] }, ['Node n: data.conditions is required']],
    ['with one that is no list', { conditions: 'x' }, ['Node n: data.conditions must be a list']],
    [
      'in a mode that is none',
      { ...rule(), matchMode: 'some' },
      ['Node n: data.matchMode must be one of: all, any'],
    ],
    ['of no object', { conditions: [5] }, ['Node n: data.conditions.0 must be an object']],
    [
      'of an unknown field',
      rule({ field: 'ticket.mood' }),
      ['Node n: data.conditions.0.field is no known field: ticket.mood'],
    ],
    [
      'of a field that is no text',
      rule({ field: 5 }),
      ['Node n: data.conditions.0.field must be a text'],
    ],
    [
      'without a value',
      rule({ value: undefined }),
      ['Node n: data.conditions.0.value is required'],
    ],
    ['that needs none', rule({ operator: 'is_empty', value: undefined }), []],
    [
      'of more than a word',
      rule({ operator: 'greater_than', value: 'many' }),
      ['Node n: data.conditions.0.value must be a number'],
    ],
    [
      'of more than a day that there is not',
      rule({ operator: 'greater_than', value: '2024-99-99' }),
      ['Node n: data.conditions.0.value must be a number'],
    ],
    ['of more than a moment', rule({ operator: 'less_than', value: '2024-01-01T10:00+02:00' }), []],
    [
      'of more than a text of digits',
      rule({ field: 'time_since_created', operator: 'greater_than', value: '1440' }),
      [],
    ],
    [
      'of more than a day',
      rule({ field: 'custom_field.due', operator: 'less_than', value: '2026-05-04' }),
      [],
    ],
    [
      'in no list',
      rule({ operator: 'in_list', value: 5 }),
      ['Node n: data.conditions.0.value must be a list'],
    ],
    ['in a list with commas', rule({ operator: 'not_in_list', value: 'a,b' }), []],
    [
      'of a pattern that is none',
      rule({ operator: 'matches_regex', value: '(' }),
      ['Node n: data.conditions.0.value is no pattern that can be matched'],
    ],
    [
      'in both spellings',
      {
        conditions: ['customFields.x', 'custom_field.x', 'customer.isVip', 'customer.is_vip'].map(
          (field) => ({ field, operator: 'is_not_empty' }),
        ),
      },
      [],
    ],
    [
      'of strange hours',
      { ...rule(), workingHours: { days: [8], from: '25:00', to: 'x', timezone: 'x' } },
      [
        'Node n: data.workingHours.days must be a list',
        'Node n: data.workingHours.from must be a time such as 09:00',
        'Node n: data.workingHours.to must be a time such as 09:00',
        'Node n: data.workingHours.timezone is no known time zone',
      ],
    ],
  ])('%s', (_, data, expected) => expect(faultsAt('condition', data)).toEqual(expected))

  test('names every fault of every rule at once', () => {
    const conditions = [{}, { field: 'x', operator: 'is', value: 1 }]
    expect(faultsAt('condition', { conditions })).toEqual([
      'Node n: data.conditions.0.field is required',
      expect.stringContaining('Node n: data.conditions.0.operator is required'),
      'Node n: data.conditions.1.field is no known field: x',
      expect.stringContaining('Node n: data.conditions.1.operator must be one of: equals,'),
    ])
  })
})

/** Of each action, a configuration that is enough, and what it lacks without one. */
const actions: { readonly [A in ActionType]: readonly [Data, string[]] } = {
  set_status: [{ status: 'pending' }, ['status']],
  set_priority: [{ priority: 'high' }, ['priority']],
  assign_to: [{ assignee: 'ai' }, ['assignee']],
  add_tags: [{ tags: ['hot'] }, ['tags']],
  remove_tags: [{ tags: 'hot, cold' }, ['tags']],
  add_internal_note: [{ content: 'Look' }, ['content']],
  send_reply: [{ content: 'Hello {{customer.name}}', includeSignature: true }, ['content']],
  send_email: [{ to: 'a@b.test', subject: 'Hi', body: 'Hello' }, ['to', 'subject', 'body']],
  send_slack_message: [{ channel: '#help', message: 'Hi' }, ['message']],
  send_teams_message: [{ message: 'Hi' }, ['message']],
  send_webhook: [{ url: 'https://example.com/x', method: 'post' }, ['url']],
  generate_ai_response: [{ promptTemplate: 'Answer', saveAs: 'draft' }, ['promptTemplate']],
  classify_ticket: [{}, []],
  execute_connector_action: [{ platform: 'shop', actionId: 'refund' }, ['platform', 'actionId']],
}

describe('an action', () => {
  test.each(Object.entries(actions))('%s', (actionType, [config, lacking]) => {
    expect(faultsAt('action', { actionType, config })).toEqual([])
    const sentences = lacking.map((name) => `Node n: data.config.${name} is required`)
    expect(faultsAt('action', { actionType })).toEqual(sentences)
  })

  test.each<[string, Data, string[]]>([
    ['of no kind', {}, ['Node n: data.actionType is required']],
    [
      'of an unknown kind',
      { actionType: 'dance' },
      [expect.stringContaining('data.actionType must be one of: set_status,')],
    ],
    [
      'told no object',
      { actionType: 'set_status', config: 'open' },
      ['Node n: data.config must be an object'],
    ],
    [
      'that sets no such status',
      { actionType: 'set_status', config: { status: 'won' } },
      ['Node n: data.config.status must be one of: open, pending, solved, closed'],
    ],
    [
      'that sets what is known later',
      { actionType: 'set_status', config: { status: '{{trigger.data.status}}' } },
      [],
    ],
    [
      'that assigns to nobody known',
      { actionType: 'assign_to', config: { assignee: 'Bob' } },
      ['Node n: data.config.assignee must be a user id, ai or unassigned'],
    ],
    [
      'that adds strange tags',
      { actionType: 'add_tags', config: { tags: ['a', 5] } },
      ['Node n: data.config.tags must be a list'],
    ],
    [
      'that adds no tags',
      { actionType: 'add_tags', config: { tags: [] } },
      ['Node n: data.config.tags is required'],
    ],
    [
      'that says a number',
      { actionType: 'send_reply', config: { content: 5 } },
      ['Node n: data.config.content must be a text'],
    ],
    [
      'that calls a file',
      { actionType: 'send_webhook', config: { url: 'file:///etc/passwd' } },
      ['Node n: data.config.url must be an http or https URL'],
    ],
    [
      'that calls oddly',
      { actionType: 'send_webhook', config: { url: 'http://a.test', method: 'BREW' } },
      ['Node n: data.config.method must be one of: GET, POST, PUT, PATCH, DELETE'],
    ],
    [
      'that calls what is known later',
      { actionType: 'send_webhook', config: { url: '{{trigger.data.url}}' } },
      [],
    ],
    [
      'that saves as a number',
      { actionType: 'classify_ticket', config: { saveAs: 5 } },
      ['Node n: data.config.saveAs must be a text'],
    ],
  ])('%s', (_, data, expected) => expect(faultsAt('action', data)).toEqual(expected))
})

describe('a delay', () => {
  test.each<[string, Data, string[]]>([
    ['of nothing', {}, ['Node n: data.duration is required', 'Node n: data.unit is required']],
    ['of a text', { duration: '5', unit: 'days' }, ['Node n: data.duration must be a number']],
    [
      'of no time',
      { duration: 0, unit: 'days' },
      ['Node n: data.duration must be more than 0 and at most 366 days'],
    ],
    [
      'of more than a year',
      { duration: 367, unit: 'days' },
      ['Node n: data.duration must be more than 0 and at most 366 days'],
    ],
    [
      'in weeks',
      { duration: 1, unit: 'weeks' },
      ['Node n: data.unit must be one of: seconds, minutes, hours, days'],
    ],
    ['of a year in seconds', { duration: 366 * 86_400, unit: 'seconds' }, []],
  ])('%s', (_, data, expected) => expect(faultsAt('delay', data)).toEqual(expected))
})
