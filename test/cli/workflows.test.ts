import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { triggerWorkflow } from '../../src/domain/executions.ts'
import { createTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { publicId } from '../../src/lib/ids.ts'
import { openStore, tempFolder, testDesk } from '../store/fixtures.ts'
import { makeWorkflow } from '../support/workflowseed.ts'
import { deskbox } from './terminal.ts'

let folder: ReturnType<typeof tempFolder>
let id = ''
let execution = ''

beforeEach(async () => {
  folder = tempFolder('workflows')
  using own = openStore(`${folder.path}/data`)
  using house = await testDesk(own.store)
  await house.desk.write(systemActor, (tx) => {
    for (const subject of ['Printer on fire', 'Invoice']) ticket(tx, subject)
    const made = makeWorkflow(tx, { name: 'Tag it', triggerType: 'manual', isActive: true })
    makeWorkflow(tx, { name: 'Half done', graph: { nodes: [], edges: [] } })
    id = publicId('workflow', made.uid)
    const { uid } = triggerWorkflow(tx, made.id, { ticketId: 1, data: {} })
    execution = publicId('run', uid)
  })
})
afterEach(() => folder[Symbol.dispose]())

function ticket(tx: Tx, subject: string): void {
  const customer = upsertCustomer(tx, 'mara@x.test', 'Mara')
  createTicket(tx, { customer, subject, body: 'Help', source: 'api' })
}

const cli = (...args: string[]) => deskbox(folder.path, ['workflows', ...args])
const json = async (...args: string[]) =>
  JSON.parse((await cli(...args, '--json')).out) as { [name: string]: unknown }

describe('deskbox workflows', () => {
  test('list shows each, newest first', async () => {
    const { code, out, err } = await cli('list')
    expect([code, err]).toEqual([0, ''])
    expect(out.split('\n')).toEqual([
      expect.stringMatching(
        /^wf_\w+ {2}off {2}ticket_created {2}0 runs {2}never run {2}Half done$/,
      ),
      expect.stringMatching(
        /^wf_\w+ {2}active {2}manual {2}1 runs {2}2026-05-04T08:15:00Z {2}Tag it$/,
      ),
    ])
    expect(await json('list')).toMatchObject([{ name: 'Half done' }, { id, isActive: true }])
  })

  test('show tells what keeps one from being switched on', async () => {
    expect((await cli('show', id)).out).toStartWith(`Tag it (${id}) is active\n`)
    const { out } = await cli('show', '2')
    expect(out).toContain('is off')
    expect(out).toContain('  problem   A graph needs a trigger')
    expect(await json('show', '2')).toMatchObject({ isActive: false, name: 'Half done' })
  })

  test('disable and enable switch it, and twice is once', async () => {
    for (const verb of ['disable', 'disable', 'enable', 'enable']) {
      const { code, out } = await cli(verb, id)
      expect([code, out]).toEqual([
        0,
        expect.stringContaining(verb === 'enable' ? 'is active' : 'is off'),
      ])
    }
    expect(await json('show', id)).toMatchObject({ isActive: true })
  })

  test('enable says why it cannot', async () => {
    const { code, err } = await cli('enable', '2')
    expect(code).toBe(1)
    expect(err).toStartWith('deskbox workflows: Its graph cannot be run: A graph needs a trigger')
  })

  test('executions and execution tell what it did, node by node', async () => {
    const { out } = await cli('executions', id)
    expect(out).toMatch(new RegExp(`^${execution} {2}\\w+ {2}2026-05-04T08:15:00Z {2}tkt_\\w+$`))
    const told = await cli('execution', id, execution)
    expect(told.out).toStartWith(`${execution}  `)
    expect(await json('execution', id, '1')).toMatchObject({ id: execution, workflowId: id })
    expect((await json('executions', id, '--last', '1', '--skipped'))['length']).toBe(1)
  })

  test('simulate tells what it would do, and does nothing', async () => {
    const { code, out } = await cli('simulate', id)
    expect(code).toBe(0)
    expect(out).toContain('Of 2 tickets, something would be done to 2. Nothing was done.')
    expect(out).toContain('    tags: [] → ["hot"]')
    expect(await json('simulate', id, '--last', '1')).toMatchObject({ tickets: 1, matched: 1 })
    expect((await cli('simulate', '2')).err).toContain('A graph needs a trigger')
  })

  test.each([
    [['show', 'wf_nowhere'], 'There is no workflow wf_nowhere'],
    [['enable', '77'], 'There is no workflow 77'],
    [['execution', '1', 'exec_x'], 'There is no execution exec_x of it'],
  ])('%j finds nothing: 1', async (args, why) => {
    expect(await cli(...args)).toEqual({ code: 1, out: '', err: `deskbox workflows: ${why}` })
  })

  test.each([
    [[], 'workflows needs one of: list, show, enable, disable, executions, execution, simulate'],
    [['start'], 'workflows needs one of'],
    [['show'], 'workflows show needs ID'],
    [['execution', '1'], 'workflows execution needs ID and EXECUTION'],
    [['list', 'x'], "Unexpected argument 'x'"],
    [['show', '1', '--last', '3'], 'workflows show has no --last'],
    [['simulate', '1', '--last', '0'], '--last takes a whole number from 1 to 100000'],
  ])('%j is wrong usage: 2', async (args, why) => {
    const { code, out, err } = await cli(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toStartWith(`deskbox workflows: ${why}`)
  })

  test('makes no desk where there is none', async () => {
    const { code, err } = await cli('list', '--data', 'elsewhere')
    expect([code, err]).toEqual([1, expect.stringContaining('There is no desk in')])
  })
})
