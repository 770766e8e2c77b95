// Fills a data folder with the history of a desk: `bun bench/history.ts DIR`, then asked for a number
// of tickets. They lie evenly over three years, each of a department or none, with an agent and the
// agent's answer. SQL writes them, in seconds instead of minutes; the triggers count them all the same.

import { join } from 'node:path'
import { openDesk } from '../src/app.ts'
import { departments } from '../src/domain/catalog.ts'
import { createKey } from '../src/domain/keys.ts'
import { createStaff, installedAdminId } from '../src/domain/staff.ts'
import { systemActor, type Tx } from '../src/domain/tx.ts'
import { Connection } from '../src/store/connection.ts'
import { machine } from './desk.ts'
import { answerParent } from './helpers.ts'

export type History = { readonly key: string }

const departmentsCount = 10
const agentsCount = 30
const firstAgent = 2
const years = 3
const dayMs = 86_400_000

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new Error('usage: bun bench/history.ts DIR')

answerParent(async (tickets: number): Promise<History> => {
  const key = await install(directory)
  using connection = new Connection(join(directory, 'deskbox.db'), undefined)
  const until = Date.now()
  const from = until - years * 365 * dayMs
  connection.client.exec(historyOf(tickets, from, (until - from) / tickets))
  return { key }
})

async function install(folder: string): Promise<string> {
  using opened = await openDesk(folder, 'own', machine())
  return await opened.desk.write(systemActor, (tx) => {
    for (let n = 1; n <= departmentsCount; n++) departments.create(tx, { name: `Department ${n}` })
    for (let n = 1; n <= agentsCount; n++) {
      createStaff(tx, { role: 'agent', name: `Agent ${n}`, email: null })
    }
    return makeKey(tx)
  })
}

function makeKey(tx: Tx): string {
  return createKey(tx, {
    kind: 'internal',
    name: 'bench reports',
    scopes: ['reports:overview', 'reports:agents', 'reports:departments'],
    isSpecial: false,
    ownerId: installedAdminId(tx) ?? null,
    agentId: null,
    expiresAt: null,
  }).raw
}

/** Answered after an hour; three in five ended, after two. */
function historyOf(tickets: number, from: number, apartMs: number): string {
  return `
    BEGIN;
    WITH RECURSIVE serial (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM serial WHERE n < ${tickets}),
      made AS (SELECT n, ${from} + CAST((n - 1) * ${apartMs} AS INTEGER) AS at,
        json_extract('["open","in_progress","closed","closed","solved"]', '$[' || (n % 5) || ']')
          AS status FROM serial)
    INSERT INTO tickets (id, uid, reference, subject, source, status, priority, department_id,
      assigned_to, messages_count, first_response_at, closed_at, created_at, updated_at)
    SELECT n, 'h' || n, 'SD-' || (1000 + n), 'Ticket ' || n, 'api', status,
      json_extract('["low","medium","high","urgent"]', '$[' || (n % 4) || ']'),
      nullif(n * 7 % ${departmentsCount + 1}, 0), ${firstAgent} + n * 13 % ${agentsCount}, 1,
      at + 3600000, CASE WHEN status IN ('closed', 'solved') THEN at + 7200000 END, at, at
    FROM made;
    INSERT INTO ticket_agents SELECT id, assigned_to, created_at FROM tickets;
    INSERT INTO messages (uid, ticket_id, sender_kind, sender_role, staff_id, body, created_at,
      updated_at)
    SELECT uid, id, 'staff', 'agent', assigned_to, 'Done.', first_response_at, first_response_at
    FROM tickets;
    UPDATE counters SET value = ${tickets} WHERE name = 'ticket';
    COMMIT`
}
