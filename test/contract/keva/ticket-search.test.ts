import { expect } from 'bun:test'
import { postMessage } from '../../../src/domain/messages.ts'
import { updateTicket } from '../../../src/domain/tickets.ts'
import { contract, type Row } from '../../support/contract.ts'
import type { TestApp } from '../../support/harness.ts'
import { openTicket } from '../../support/seed.ts'
import { kevaRefusals } from '../refusals.ts'

// `q` on the list of tickets; keva.md is silent on it.

const line = 'GET /api/v1/tickets'

/** Best first by `kiln`: `Kiln`, then `Twice`, then the newer of `Once` and `Note`; `Else` has it not. */
async function tickets(app: TestApp): Promise<void> {
  await openTicket(app, { subject: 'Once', body: 'the kiln, no more' })
  await openTicket(app, { subject: 'Twice', body: 'kiln after kiln' })
  await openTicket(app, { subject: 'Kiln', body: 'x' })
  await openTicket(app, { subject: 'Else', body: 'wheel' })
  app.advance(1000)
  await openTicket(app, { subject: 'Note', body: 'wheel' })
  await app.write((tx) => {
    postMessage(tx, 5, { body: 'the kiln, no more', isInternal: true, direction: 'outbound' })
    updateTicket(tx, 2, { status: { to: 'solved', unless: [] } })
  })
}

type Listed = {
  readonly data: readonly { readonly subject: string }[]
  readonly pagination: object
}

const lists = (subjects: readonly string[], shown: object = {}) => ({
  status: 200,
  reply: (body: unknown) => {
    const { data, pagination } = body as Listed
    expect(data.map(({ subject }) => subject)).toEqual([...subjects])
    const total = subjects.length
    expect(pagination).toEqual({ page: 1, perPage: 20, total, nextCursor: null, ...shown })
  },
})

const newestFirst = ['Note', 'Else', 'Kiln', 'Twice', 'Once']

const search = (query: string, subjects: readonly string[], shown?: object): Row => ({
  name: query,
  call: `${line}?${query}`,
  ...lists(subjects, shown),
})

contract(`${line}?q=`, { key: 'keva', given: tickets }, [
  search('q=kiln', ['Kiln', 'Twice', 'Note', 'Once']),
  search('q=KILN+More', ['Note', 'Once']),
  search('q=kil', ['Kiln', 'Twice', 'Note', 'Once']),
  search('q=kiln&status=solved', ['Twice']),
  search('q=kiln&status=pending', []),
  search('q=mara%40northwind.test', newestFirst),
  search('q=Lind&status=solved', ['Twice']),
  search('q=SD-1004', ['Else']),
  search('q=nothing', []),
  search('q=', newestFirst),
  search('q=%20%09', newestFirst),
  search('q=%22%2A%20-', []),
  search('q=%00', []),
  search(`q=${'x'.repeat(2000)}`, []),
  search('q=kiln&q=wheel', ['Kiln', 'Twice', 'Note', 'Once']),
  search('q=kiln&per_page=2', ['Kiln', 'Twice'], {
    perPage: 2,
    total: 4,
    nextCursor: expect.any(String),
  }),
  search('q=kiln&per_page=2&page=2', ['Note', 'Once'], { perPage: 2, page: 2, total: 4 }),
  search('q=kiln&limit=1&offset=3', ['Once'], { perPage: 1, page: 4, total: 4 }),
  search('q=kiln&page=9', [], { page: 9, total: 4 }),
  {
    name: 'refuses the cursor of the list',
    call: `${line}?q=kiln&cursor=${Buffer.from('1:tickets:1777882500000:1').toString('base64url')}`,
    status: 400,
    reply: { error: 'Invalid cursor' },
  },
  {
    name: 'takes a cursor before the beginning for the beginning',
    call: `${line}?q=kiln&cursor=${Buffer.from('1:found-tickets:99:-5').toString('base64url')}`,
    ...lists(['Kiln', 'Twice', 'Note', 'Once']),
  },
  {
    name: 'refuses a status that is none, as without a search',
    call: `${line}?q=kiln&status=x`,
    status: 400,
    reply: { error: 'Invalid status. Must be one of: open, pending, solved, closed' },
  },
])

contract(`${line}?q=, refused`, {}, kevaRefusals(`${line}?q=kiln`, 'kevaWriter'))
