import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type SQLite from 'better-sqlite3'
import { createApproval } from '../../src/domain/approvals.ts'
import { createArticle } from '../../src/domain/articles.ts'
import { updateCustomer, upsertCustomer } from '../../src/domain/customers.ts'
import { postMessage } from '../../src/domain/messages.ts'
import { Privacy } from '../../src/domain/privacy.ts'
import { createStaff } from '../../src/domain/staff.ts'
import { createTicket, deleteTicket, updateTicket } from '../../src/domain/tickets.ts'
import { treatments } from '../../src/domain/treatments.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { tablesOf } from '../../src/store/facts.ts'
import { places } from '../../src/store/personal.ts'
import { clientOf, openStore, tempFolder, testDesk, type TestDesk } from '../store/fixtures.ts'

let folder: ReturnType<typeof tempFolder>
let data = ''
let house: TestDesk
let privacy: Privacy
let client: SQLite.Database

beforeEach(async () => {
  folder = tempFolder('privacy')
  data = join(folder.path, 'data')
  const { store } = openStore(data)
  house = await testDesk(store)
  client = clientOf(store)
  privacy = new Privacy(house.desk, store)
})
afterEach(() => {
  house[Symbol.dispose]()
  folder[Symbol.dispose]()
})

// Each of Mara's texts has a word that stands nowhere else.
const secrets = [
  'Maraqlind',
  'maraq@northwind.example',
  'maraq.old@northwind.example',
  '+46 8 555 0142q',
  'Kilnworksq',
  'gloomyq',
  'wobblyqsubject',
  'formerqsubject',
  'burnedqfingers',
  'answerqforher',
  'internalqhunch',
  'serialq0815',
  'draftqforher',
  'reasonqofmodel',
  'deletedqticket',
  'deletedqwords',
  'thanksqatreceiver',
  'toldqtoworkflow',
  'savedqbyworkflow',
  'comparedqbystep',
  'failedqforher',
]

type People = { readonly mara: number; readonly ada: number; readonly adasTicket: number }

/** Two customers, of whom one is to be erased, and everything that can be known of her. */
async function fill(): Promise<People> {
  const people = await house.desk.write(systemActor, (tx) => {
    const agentId = createStaff(tx, { role: 'agent', name: 'Ida', email: 'ida@example.com' }).id
    const ada = upsertCustomer(tx, 'ada@example.com', 'Ada Falk')
    const adasTicket = open(
      tx,
      ada,
      'Ada asks',
      'ask maraq.old@northwind.example, or MARAQ@Northwind.example!',
    )
    const first = upsertCustomer(tx, 'maraq.old@northwind.example', 'Maraqlind')
    const earlier = open(tx, first, 'deletedqticket', 'deletedqwords')
    deleteTicket(tx, earlier)
    const mara = updateCustomer(tx, first.id, {
      email: 'maraq@northwind.example',
      phone: '+46 8 555 0142q',
      company: 'Kilnworksq',
      notes: 'gloomyq',
      tags: ['gloomyq'],
    })
    const ticket = open(tx, mara, 'formerqsubject', 'burnedqfingers')
    updateTicket(tx, ticket, { subject: 'wobblyqsubject', assignedTo: agentId })
    postMessage(tx, ticket, {
      body: 'burnedqfingers again',
      isInternal: false,
      direction: 'inbound',
    })
    postMessage(tx, ticket, {
      body: 'answerqforher',
      isInternal: false,
      direction: 'outbound',
    })
    postMessage(tx, ticket, {
      body: 'internalqhunch',
      isInternal: true,
      direction: 'outbound',
    })
    createApproval(tx, {
      actionType: 'send_reply',
      ticketId: ticket,
      draft: 'draftqforher',
      reasoning: { context: 'reasonqofmodel', approach: 'x', confidence: 0.5 },
      lifeMs: 1000,
    })
    createArticle(tx, {
      title: 'Contacts',
      content: 'Write to maraq@northwind.example about kilns.',
    })
    return { mara: mara.id, ada: ada.id, adasTicket, ticket }
  })
  const { uid } = client.prepare('SELECT uid FROM tickets WHERE id = ?').get(people.ticket) as {
    uid: string
  }
  client.exec(`
    INSERT INTO custom_fields VALUES (1, 'Serial', NULL, 'text', 0, 0, 'published', 1, 1);
    INSERT INTO ticket_custom_values VALUES (${people.ticket}, 1, 'serialq0815');
    INSERT INTO webhook_endpoints (id, uid, url, events, created_at, updated_at)
      VALUES (1, 'hook', 'https://hooks.example', '[]', 1, 1);
    INSERT INTO deliveries (id, uid, endpoint_id, event_sequence, event_uid, event_type, ticket_id, body, created_at)
      VALUES (1, 'd1', 1, 1, 'e1', 'ticket.created', ${people.ticket},
        '{"data":{"subject":"wobblyqsubject","customer":{"email":"maraq@northwind.example"},"status":"open"}}', 1);
    INSERT INTO delivery_attempts (delivery_id, number, response_text, duration_ms, created_at)
      VALUES (1, 1, 'thanksqatreceiver', 1, 1);
    INSERT INTO workflows (id, uid, name, trigger_type, trigger_kind, created_at, updated_at)
      VALUES (1, 'w1', 'Greet', 'manual', 'manual', 1, 1);
    INSERT INTO workflow_runs (id, uid, workflow_id, version, ticket_id, trigger_type, trigger_data, variables,
      status, error, started_at)
      VALUES (1, 'r1', 1, 1, ${people.ticket}, 'manual', '{"about":"toldqtoworkflow"}',
        '{"answer":"savedqbyworkflow"}', 'failed', 'failedqforher', 1);
    INSERT INTO workflow_steps (uid, run_id, position, node_id, kind, status, detail, error, created_at)
      VALUES ('s1', 1, 1, 'n1', 'action', 'failed', '{"type":"webhook","actual":"comparedqbystep"}',
        'failedqforher', 1);
    INSERT INTO idempotency (caller, idempotency_key, fingerprint, status, body, created_at)
      VALUES ('key:1', 'k1', 'f', 201, '{"data":{"id":"tkt_${uid}","body":"burnedqfingers"}}', 1),
        ('key:1', 'k2', 'f', 201, '{"data":{"id":"tkt_other","body":"something else"}}', 1)`)
  return people
}

function open(
  tx: Tx,
  customer: ReturnType<typeof upsertCustomer>,
  subject: string,
  body: string,
): number {
  return createTicket(tx, { customer, subject, body, source: 'api' })
}

/** What of the secrets stands in the files of the database, whatever it is there for. */
function inFiles(): string[] {
  const files = ['deskbox.db', 'deskbox.db-wal'].map((name) => join(data, name)).filter(existsSync)
  const bytes = Buffer.concat(files.map((file) => readFileSync(file)))
    .toString('latin1')
    .toLowerCase()
  return secrets.filter((secret) => bytes.includes(secret.toLowerCase()))
}

function found(words: string): unknown[] {
  return client.prepare('SELECT rowid FROM search WHERE search MATCH ?').all(words)
}

describe('an erased customer', () => {
  test('is in no byte of the file and of the log', async () => {
    const { mara } = await fill()
    expect(inFiles()).toEqual(secrets)
    const receipt = await privacy.erase(systemActor, mara)
    expect(receipt.isLogEmptied).toBe(true)
    expect(inFiles()).toEqual([])
    // Nor in what a copy would take along.
    const all = JSON.stringify(
      tablesOf(client).map((name) => client.prepare(`SELECT * FROM "${name}"`).all()),
    )
    expect(secrets.filter((secret) => all.toLowerCase().includes(secret.toLowerCase()))).toEqual([])
    expect(client.pragma('integrity_check', { simple: true })).toBe('ok')
  })

  test('is found by no search, and what is left is', async () => {
    const { mara } = await fill()
    expect([found('burnedqfingers').length, found('asks').length]).toEqual([2, 1])
    await privacy.erase(systemActor, mara)
    expect([found('burnedqfingers').length, found('wobblyqsubject').length]).toEqual([0, 0])
    expect(found('asks')).toHaveLength(1)
    client.exec("INSERT INTO search (search) VALUES ('integrity-check')")
  })

  test('leaves tickets, messages and counts, of nobody', async () => {
    const { mara } = await fill()
    const counted = () =>
      client
        .prepare(
          `SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM messages),
             (SELECT count(*) FROM events), (SELECT total_tickets FROM customers WHERE id = ?)`,
        )
        .raw()
        .get(mara) as number[]
    const before = counted()
    await privacy.erase(systemActor, mara)
    const [tickets, messages, events, ofHers] = counted()
    expect([tickets, messages, ofHers]).toEqual([before[0], before[1], before[3]])
    // That of the erasure, and that of the proposal that nobody can agree to any more.
    expect(events).toBe((before[2] ?? 0) + 2)
    const row = client
      .prepare('SELECT name, email, phone, tags, uid FROM customers WHERE id = ?')
      .get(mara) as {
      uid: string
    }
    expect<object>(row).toEqual({
      name: null,
      email: `erased-${row.uid}@erased.invalid`,
      phone: null,
      tags: '[]',
      uid: row.uid,
    })
    expect(
      client
        .prepare(
          'SELECT DISTINCT body FROM messages WHERE ticket_id IN (SELECT id FROM tickets WHERE customer_id = ?)',
        )
        .pluck()
        .all(mara),
    ).toEqual(['[erased]'])
    expect(client.prepare('SELECT detail FROM workflow_steps').pluck().get()).toBe(
      '{"type":"webhook","actual":"[erased]"}',
    )
    expect(client.prepare('SELECT body FROM deliveries').pluck().get()).toBe(
      '{"data":{"subject":"[erased]","customer":{"email":"[erased]"},"status":"open"}}',
    )
  })

  test('takes nothing of anybody else along, but her address out of their texts', async () => {
    const { mara, ada, adasTicket } = await fill()
    const others = () => [
      client.prepare('SELECT * FROM customers WHERE id = ?').get(ada),
      client.prepare('SELECT * FROM tickets WHERE id = ?').get(adasTicket),
      client.prepare("SELECT * FROM idempotency WHERE idempotency_key = 'k2'").get(),
      client.prepare('SELECT name, email FROM staff ORDER BY id').all(),
    ]
    const before = others()
    await privacy.erase(systemActor, mara)
    expect(others()).toEqual(before)
    const body = client
      .prepare('SELECT body FROM messages WHERE ticket_id = ?')
      .pluck()
      .get(adasTicket)
    expect(body).toBe('ask [erased], or [erased]!')
    expect(client.prepare('SELECT content FROM articles').pluck().get()).toBe(
      'Write to [erased] about kilns.',
    )
  })

  test('has a receipt, an event and an entry that name nobody, once', async () => {
    const { mara } = await fill()
    const { counts, customerId } = await privacy.erase(systemActor, mara)
    expect([customerId, counts]).toEqual([
      mara,
      {
        tickets: 1,
        messages: 5,
        approvals: 1,
        notifications: expect.any(Number),
        delivery_attempts: 1,
        deliveries: 1,
        activity: expect.any(Number),
        events: expect.any(Number),
        workflow_runs: 1,
        workflow_steps: 1,
        idempotency: 1,
        customers: 1,
        articles: 1,
        canned_responses: 0,
        ticket_custom_values: 1,
      },
    ])
    const told = () =>
      client.prepare("SELECT body FROM events WHERE type = 'customer.erased'").pluck().all().length
    expect(told()).toBe(1)
    const kinds = client.prepare("SELECT subject FROM activity WHERE kind = 'customer.erased'")
    expect(kinds.pluck().all()).toEqual([String(mara)])
    const again = await privacy.erase(systemActor, mara)
    expect(Object.values(again.counts).filter((count) => count > 0)).toEqual([])
    expect(told()).toBe(1)
  })

  test('that was cut off half way is erased by the next try', async () => {
    const { mara } = await fill()
    const stop = new Error('cut off')
    let writes = 0
    const failing = new Proxy(house.desk, {
      get(desk, name) {
        if (name === 'read') return desk.read.bind(desk)
        return (actor: typeof systemActor, job: (tx: Tx) => never) => {
          if (++writes > 4) return Promise.reject(stop)
          return desk.write<never>(actor, job)
        }
      },
    })
    const cut = new Privacy(failing, house.store).erase(systemActor, mara)
    expect(await cut.catch((err: unknown) => err)).toBe(stop)
    expect(inFiles().length).toBeGreaterThan(0)
    await privacy.erase(systemActor, mara)
    expect(inFiles()).toEqual([])
  })
})

describe('what is held on a customer', () => {
  test('is all that an erasure would take, and nothing of others', async () => {
    const { mara } = await fill()
    const before = client.prepare('SELECT count(*) FROM events').pluck().get()
    const text = JSON.stringify(await privacy.held(systemActor, mara)).toLowerCase()
    expect(secrets.filter((secret) => !text.includes(secret.toLowerCase()))).toEqual([])
    expect(text).not.toContain('something else')
    expect(text).not.toContain('ada falk')
    expect(client.prepare('SELECT count(*) FROM events').pluck().get()).toBe(before)
  })

  test('is nothing more once the customer is erased', async () => {
    const { mara } = await fill()
    await privacy.erase(systemActor, mara)
    const { records } = await privacy.held(systemActor, mara)
    const text = JSON.stringify(records).toLowerCase()
    expect(secrets.filter((secret) => text.includes(secret.toLowerCase()))).toEqual([])
    expect(records['messages']).toHaveLength(4)
  })
})

// Texts that tell nothing of a customer, and why: words of the program, names that the desk's people gave, and
// what is of the people who answer. A new column must be here, or in a place with a treatment.
const impersonal = new Map([
  ['activity', 'kind ip_address'],
  ['agent_counts', 'figure'],
  ['api_keys', 'uid kind name hash last4 scopes'],
  ['approvals', 'uid action_type status category platform action_id risk_level model'],
  ['article_counts', 'status'],
  ['articles', 'uid status source slug'],
  ['canned_responses', 'category shortcut'],
  ['categories', 'name description status'],
  ['counters', 'name'],
  ['custom_fields', 'label description type status'],
  ['deliveries', 'uid event_uid event_type status dead_reason lease'],
  ['delivery_attempts', 'failure'],
  ['delivery_counts', 'event_type status'],
  ['department_counts', 'status priority'],
  ['departments', 'name description email status'],
  ['events', 'uid type actor_kind ip_address'],
  ['idempotency', 'caller idempotency_key fingerprint'],
  ['knowledge_categories', 'name description icon status'],
  ['labels', 'name color status'],
  ['messages', 'uid sender_kind sender_role'],
  ['meta', 'name value'],
  ['migrations', 'name hash'],
  ['notifications', 'kind detail sender_avatar_url'],
  ['products', 'name sort_name envato_id description status'],
  ['refresh_tokens', 'hash'],
  ['sessions', 'uid audience ip_address user_agent'],
  ['settings', 'name value'],
  [
    'staff',
    'uid role name email email_key password_hash phone locale avatar_url notification_settings sort_name',
  ],
  ['ticket_counts', 'dimension status priority'],
  ['ticket_days', 'dimension'],
  [
    'tickets',
    'uid reference status priority source resolution_type escalation_level last_reply_by last_public_message_by',
  ],
  ['webhook_endpoints', 'uid url description events sealed_headers disabled_reason'],
  ['webhook_secrets', 'sealed_secret'],
  ['workflow_runs', 'uid trigger_type cause status waits_for node_id'],
  ['workflow_steps', 'uid node_id kind status lease'],
  ['workflow_times', 'outcome'],
  ['workflow_versions', 'trigger_type graph'],
  [
    'workflows',
    'uid name description trigger_type trigger_kind schedule timezone misfire_policy sealed_secret',
  ],
])

// Erased whole by `forget`, whatever columns they have.
const whole = new Set(['customers', 'ticket_custom_values'])

test('every text of every table has been decided on: is it of a customer?', () => {
  const placed = new Map(places.map(({ table, texts }) => [table, texts]))
  const undecided = tablesOf(client)
    .filter((table) => !whole.has(table))
    .flatMap((table) => {
      const decided = [...(placed.get(table) ?? []), ...(impersonal.get(table)?.split(' ') ?? [])]
      return client
        .prepare<[string], { name: string; type: string }>('SELECT * FROM pragma_table_info(?)')
        .all(table)
        .filter(({ name, type }) => type === 'TEXT' && !decided.includes(name))
        .map(({ name }) => `${table}.${name}`)
    })
  expect(undecided).toEqual([])
})

test('every text of a place has its treatment, and no other has', () => {
  expect(
    Object.fromEntries(places.map(({ table, texts }) => [table, [...texts].toSorted()])),
  ).toEqual(
    Object.fromEntries(
      Object.entries(treatments).map(([table, columns]) => [
        table,
        Object.keys(columns).toSorted(),
      ]),
    ),
  )
})

test('the customer’s own row keeps no text but what is listed', () => {
  const kept = 'uid email email_key sort_name priority_override'.split(' ')
  const cleared = [
    'name',
    'phone',
    'company',
    'job_title',
    'location',
    'timezone',
    'avatar_url',
    'envato_username',
    'tags',
    'notes',
    'block_reason',
    'overall_sentiment',
    'sentiment_trend',
    'salesforce_contact_id',
    'hubspot_contact_id',
  ]
  const columns = client
    .prepare<[], { name: string; type: string }>("SELECT * FROM pragma_table_info('customers')")
    .all()
    .filter(({ type }) => type === 'TEXT')
    .map(({ name }) => name)
  expect(columns.toSorted()).toEqual([...kept, ...cleared].toSorted())
})
