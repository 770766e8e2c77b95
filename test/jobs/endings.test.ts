import { expect, test } from 'bun:test'
import { clientOf } from '../store/fixtures.ts'
import { openDeliveries } from '../support/deliveries.ts'

test('attempts that end together are written down together', async () => {
  using house = await openDeliveries()
  for (let n = 0; n < 20; n++) await house.endpoint()
  await house.announce(2)
  let groups = 0
  house.store.watchGroups(() => {
    groups++
    return () => {}
  })
  await house.settle()
  expect(house.rows().every(({ status }) => status === 'delivered')).toBe(true)
  expect(house.rows()).toHaveLength(40)
  expect(groups).toBeLessThan(10)
})

test('one that cannot be written down takes no other with it', async () => {
  using house = await openDeliveries()
  for (let n = 0; n < 5; n++) await house.endpoint()
  await house.announce()
  clientOf(house.store).exec(`CREATE TRIGGER planted BEFORE INSERT ON delivery_attempts
    WHEN new.delivery_id = 3 BEGIN SELECT RAISE(ABORT, 'planted'); END`)
  await house.settle()
  expect(house.rows().map(({ status, lease }) => [status, lease])).toEqual([
    ['delivered', null],
    ['delivered', null],
    ['pending', 'run 1'],
    ['delivered', null],
    ['delivered', null],
  ])
  expect(house.logged.map(({ what }) => what)).toEqual(['attempt not written down'])
})
