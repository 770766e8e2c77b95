import { expect, test } from 'bun:test'
import { systemActor } from '../../src/domain/tx.ts'
import { testDesk } from '../store/fixtures.ts'
import { makeWorkflow } from '../support/workflowseed.ts'

test('the id of a workflow, which is in its URL, is random from its first character on', async () => {
  using house = await testDesk()
  const uids = await house.desk.write(systemActor, (tx) =>
    Array.from({ length: 200 }, () => makeWorkflow(tx).uid),
  )
  expect(new Set(uids).size).toBe(200)
  // Of the 32 characters nearly each is a first one; a time would be the same in all of them.
  expect(new Set(uids.map((uid) => uid[0])).size).toBeGreaterThan(20)
})
