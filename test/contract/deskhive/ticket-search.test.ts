import { expect } from 'bun:test'
import { postMessage } from '../../../src/domain/messages.ts'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { contract, type Row } from '../../support/contract.ts'
import { staff, type TestApp } from '../../support/harness.ts'
import { catalog, openTicket } from '../../support/seed.ts'
import { externalRefusals, internalRefusals } from '../refusals.ts'

// `q` on both lists of tickets; deskhive.md is silent on it.

const internal = 'GET /api/v1/internal/tickets'
const external = 'GET /api/v1/external/tickets'

/** By `kiln`: 3 best, then 2, then 1; 4 has it in a note, 5 not. Tomas has 1, 3 and 5, Noor 2. */
async function tickets(app: TestApp): Promise<void> {
  catalog(app)
  await openTicket(app, { subject: 'One', body: 'the kiln, and so on', departmentId: 1 })
  await openTicket(app, { subject: 'Two', body: 'kiln after kiln', departmentId: 2 })
  await openTicket(app, { subject: 'Kiln', body: 'x', priority: 'urgent', departmentId: 2 })
  await openTicket(app, { subject: 'Four', body: 'wheel' })
  await openTicket(app, { subject: 'Five', body: 'wheel' })
  await app.write((tx) => {
    const note = 'a note that says much and among it kiln, which is what it is about'
    postMessage(tx, 4, { body: note, isInternal: true, direction: 'outbound' })
    for (const id of [1, 3, 5]) updateTicket(tx, id, { assignedTo: staff.tomas })
    updateTicket(tx, 2, { assignedTo: staff.noor })
    updateTicket(tx, 1, { status: { to: 'closed', unless: [] } })
  })
}

type Listed = { readonly data: readonly { readonly id: number }[]; readonly meta: object }

const search =
  (line: string) =>
  (query: string, ids: readonly number[], shown: object = {}): Row => ({
    name: `${line}?${query}`,
    call: `${line}?${query}`,
    status: 200,
    reply: (body: unknown) => {
      const { data, meta } = body as Listed
      expect(data.map(({ id }) => id)).toEqual([...ids])
      const total = ids.length
      expect(meta).toEqual({ current_page: 1, last_page: 1, per_page: 15, total, ...shown })
    },
  })

const admin = search(internal)
const agent = search(external)

contract(`${internal}?q=`, { key: 'special', given: tickets }, [
  admin('q=kiln', [3, 2, 1, 4]),
  admin('q=kiln&status=closed', [1]),
  admin('q=kiln&priority=critical', [3]),
  admin('q=kiln&department_id=2', [3, 2]),
  admin('q=kiln&assigned_to=2', [3, 1]),
  admin('q=kiln&customer_id=1', [3, 2, 1, 4]),
  admin('q=kiln&customer_id=9', []),
  admin('q=kiln&status=gone', []),
  admin('q=lind&status=closed', [1]),
  admin('q=%23SD-1002', [2]),
  admin('q=', [5, 4, 3, 2, 1]),
  admin('q=%20', [5, 4, 3, 2, 1]),
  admin('q=%F0%9F%98%80', []),
  admin('q=kiln&per_page=2&page=2', [1, 4], {
    current_page: 2,
    last_page: 2,
    per_page: 2,
    total: 4,
  }),
  ...internalRefusals(internal),
])

contract(`${external}?q=`, { key: 'agent', given: tickets }, [
  agent('q=kiln', [3, 1]),
  agent('q=kiln&status=closed', [1]),
  agent('q=kiln&priority=critical', [3]),
  agent('q=kiln&department_id=2', [3]),
  agent('q=note', []),
  agent('q=SD-1002', []),
  agent('q=mara', [5, 3, 1]),
  agent('q=', [5, 3, 1]),
  agent('q=-', []),
  { ...agent('q=kiln', [2]), name: 'shows another agent what is theirs', key: 'otherAgent' },
  ...externalRefusals(external),
])
