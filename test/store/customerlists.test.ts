import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  createCustomer,
  saveCustomer,
  searchCustomers,
  updateCustomer,
} from '../../src/domain/customers.ts'
import { systemActor, type Reader } from '../../src/domain/tx.ts'
import type { Page, Window } from '../../src/lib/page.ts'
import type { CustomerRow } from '../../src/store/schema.ts'
import { seeded } from '../prove/random.ts'
import { clientOf, connectionOf, testDesk, type TestDesk } from './fixtures.ts'
import { traced } from './plans.ts'

const customersMade = 300

let house: TestDesk
let models: { readonly id: number; readonly createdAt: number; readonly isVip: boolean }[]

/** Many share their moment, so that only the id puts them in order. */
beforeAll(async () => {
  house = await testDesk()
  const random = seeded(3)
  models = []
  for (let n = 0; n < customersMade; n++) {
    if (random.chance(0.3)) house.time.now += 1000
    const isVip = random.chance(0.25)
    const company = random.chance(0.5) ? 'Northwind' : 'Fjällbo AB'
    const row = await house.desk.write(systemActor, (tx) =>
      createCustomer(tx, { email: `c${n}@shop.test`, name: `Käte ${n}`, company, isVip }),
    )
    models.push(row)
  }
})
afterAll(() => house[Symbol.dispose]())

function read<T>(job: (reader: Reader) => T): T {
  const results: T[] = []
  house.desk.read(systemActor, (reader) => {
    results.push(job(reader))
  })
  const [result] = results
  if (result === undefined) throw new Error('The job gave nothing')
  return result
}

type Filter = { readonly search?: string; readonly vipOnly: boolean }

const page = (filter: Filter, window: Window): Page<CustomerRow> =>
  read((reader) => searchCustomers(reader, filter, window))

const idsOf = ({ rows }: Page<CustomerRow>) => rows.map(({ id }) => id)

function expectedOf({ vipOnly }: Filter): number[] {
  return models
    .filter((model) => !vipOnly || model.isVip)
    .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)
    .map(({ id }) => id)
}

const filters: readonly Filter[] = [
  { vipOnly: false },
  { vipOnly: true },
  { search: 'kate shop', vipOnly: false },
  { search: 'kate shop', vipOnly: true },
]

describe.each(filters.map((filter) => [JSON.stringify(filter), filter] as const))(
  '%s',
  (_, filter) => {
    test('order, pages and total are those of the model', () => {
      const wanted = expectedOf(filter)
      for (const offset of [0, 5, 40, wanted.length - 3, wanted.length, 100_000]) {
        const found = page(filter, { limit: 7, offset })
        expect([offset, found.total, idsOf(found)]).toEqual([
          offset,
          wanted.length,
          wanted.slice(offset, offset + 7),
        ])
      }
    })

    test('read on from the last row it is the same list', () => {
      const ids: number[] = []
      for (let window: Window = { limit: 11, offset: 0 }; ids.length <= customersMade;) {
        const { rows } = page(filter, window)
        ids.push(...rows.map(({ id }) => id))
        const last = rows.at(-1)
        if (!last) break
        window = { limit: 11, after: { at: last.createdAt, id: last.id } }
      }
      expect(ids).toEqual(expectedOf(filter))
    })
  },
)

/** The steps that lead to the ids of a page or to a total. */
function stepsFor(filter: Filter, window: Window): string[] {
  const asked = traced(house.store, (reader) => searchCustomers(reader, filter, window))
  return asked.flatMap(({ plan }) => plan)
}

describe('the cost of a page', () => {
  const deep = { limit: 20, after: { at: 1_900_000_000_000, id: 150 } }

  test.each([
    [false, 'customers_created'],
    [true, 'customers_vip'],
  ])('vipOnly %p: the index %s gives the order, and is entered at a position', (vipOnly, index) => {
    const first = stepsFor({ vipOnly }, { limit: 20, offset: 0 })
    expect(first.filter((step) => step.startsWith('SCAN customers'))).toEqual([
      `SCAN customers USING COVERING INDEX ${index}`,
    ])
    const steps = stepsFor({ vipOnly }, deep)
    expect(steps.filter((step) => step.startsWith('SCAN customers'))).toEqual([])
    expect(steps.filter((step) => step.includes(`COVERING INDEX ${index}`))).toEqual([
      `SEARCH customers USING COVERING INDEX ${index} (created_at=? AND id<?)`,
      `SEARCH customers USING COVERING INDEX ${index} (created_at<?)`,
    ])
  })

  test.each([false, true])(
    'of a search, vipOnly %p, comes in the order of its index',
    (vipOnly) => {
      for (const window of [deep, { limit: 20, offset: 40 }]) {
        const steps = stepsFor({ search: 'kate', vipOnly }, window)
        expect(steps.filter((step) => step.startsWith('SCAN customers'))).toEqual([])
        // The page itself may be put in order at the very end.
        const sorts = steps.slice(0, -1).filter((step) => step.startsWith('USE TEMP B-TREE'))
        expect(sorts).toEqual([])
        expect(steps.some((step) => step.startsWith('SCAN customer_search VIRTUAL'))).toBe(true)
      }
    },
  )

  test('totals are running counts', () => {
    for (const vipOnly of [false, true]) {
      const asked = traced(house.store, (reader) =>
        searchCustomers(reader, { vipOnly }, { limit: 20, offset: 0 }),
      )
      expect(asked.map(({ sql }) => /count\(/.test(sql))).toEqual([false, false])
    }
  })
})

describe('the index of words', () => {
  const find = async (search: string) => idsOf(page({ search, vipOnly: false }, whole))
  const whole = { limit: 1000, offset: 0 }
  let id = 0

  beforeAll(async () => {
    const fields = { name: 'Zoë Ångström', company: 'Blå Kök & Bad' }
    const { customer } = await house.desk.write(systemActor, (tx) =>
      saveCustomer(tx, 'zoe.a+news@mail.northstar.test', fields),
    )
    id = customer.id
  })

  test.each([
    'zoë',
    'ZOE',
    'zo angs',
    'angstrom blå',
    'zoe.a',
    'zoe.a+news@mail',
    'northstar.test',
    'mail.northstar.test',
    'kök & bad',
    'kok zoe northstar',
    '  zoe\t kok ',
  ])('finds by %j', async (search) => expect(await find(search)).toEqual([id]))

  test.each(['oë', 'zoe kate', 'star.test', 'news@northstar', '&', '"', '*', 'zoe NOT kok'])(
    'does not find by %j',
    async (search) => expect(await find(search)).toEqual([]),
  )

  test('takes a text of blanks for no search', async () => {
    expect(await find(' \t')).toHaveLength(customersMade + 1)
  })

  test('follows a change and forgets what was', async () => {
    await house.desk.write(systemActor, (tx) => {
      updateCustomer(tx, id, { company: 'Renamed', email: 'zoe@elsewhere.test' })
    })
    expect(await Promise.all(['renamed', 'elsewhere', 'kök', 'northstar'].map(find))).toEqual([
      [id],
      [id],
      [],
      [],
    ])
  })

  test('has nobody twice, and nobody who was made and changed in one transaction wrongly', async () => {
    const made = await house.desk.write(systemActor, (tx) => {
      const customer = createCustomer(tx, { email: 'first@twice.test' })
      return updateCustomer(tx, customer.id, { email: 'second@twice.test' }).id
    })
    expect(await find('twice')).toEqual([made])
    expect(await find('first')).toEqual([])
  })

  test('forgets who is removed', async () => {
    clientOf(house.store).exec(`DELETE FROM customers WHERE id = ${id}`)
    expect(await find('renamed')).toEqual([])
    clientOf(house.store).exec(
      "INSERT INTO customer_search (customer_search, rank) VALUES ('integrity-check', 0)",
    )
  })
})

/** The running number of VIPs, and how many there really are. */
function counted(): unknown {
  return read(({ q }) =>
    connectionOf(q)
      .client.prepare(
        `SELECT value, (SELECT count(*) FROM customers WHERE is_vip = 1)
          FROM counters WHERE name = 'vip_customers'`,
      )
      .raw()
      .get(),
  )
}

test('the number of VIPs follows whatever happens to them', async () => {
  const start = models.filter((model) => model.isVip).length
  expect(counted()).toEqual([start, start])
  const { id } = await house.desk.write(systemActor, (tx) =>
    createCustomer(tx, { email: 'vip@count.test', isVip: true }),
  )
  expect(counted()).toEqual([start + 1, start + 1])
  await house.desk.write(systemActor, (tx) => void updateCustomer(tx, id, { isVip: false }))
  expect(counted()).toEqual([start, start])
  await house.desk.write(systemActor, (tx) => void updateCustomer(tx, id, { isVip: true }))
  clientOf(house.store).exec(`DELETE FROM customers WHERE id = ${id}`)
  expect(counted()).toEqual([start, start])
})
