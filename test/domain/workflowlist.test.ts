import { expect, test } from 'bun:test'
import { upsertCustomer } from '../../src/domain/customers.ts'
import { createTicket } from '../../src/domain/tickets.ts'
import { systemActor, type Tx } from '../../src/domain/tx.ts'
import { updateWorkflow } from '../../src/domain/workflows.ts'
import { clientOf, openStore, tempFolder, testDesk } from '../store/fixtures.ts'
import { makeWorkflow } from '../support/workflowseed.ts'

function open(tx: Tx): number {
  const customer = upsertCustomer(tx, 'mara@x.test', 'Mara')
  return createTicket(tx, { customer, subject: 'Printer', body: 'On fire', source: 'api' })
}

test('workflows are those that another process has switched on, from its commit on', async () => {
  using folder = tempFolder('watching')
  using own = openStore(folder.path)
  using server = await testDesk(own.store)
  using beside = openStore(folder.path, 'share')
  using command = await testDesk(beside.store, 2)
  const runs = () =>
    clientOf(server.store).prepare('SELECT count(*) FROM workflow_runs').pluck().get()
  const ticket = () => server.desk.write(systemActor, open)

  const { id } = await server.desk.write(systemActor, (tx) => makeWorkflow(tx))
  await ticket()
  expect(runs()).toBe(0)
  await command.desk.write(systemActor, (tx) => updateWorkflow(tx, id, { isActive: true }, '').id)
  await ticket()
  expect(runs()).toBe(1)
  await command.desk.write(systemActor, (tx) => updateWorkflow(tx, id, { isActive: false }, '').id)
  await ticket()
  expect(runs()).toBe(1)
})
