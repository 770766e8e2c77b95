import { beforeAll, test } from 'bun:test'
import { smoke } from '../build/smoke.ts'
import { dist, ensureBuilt } from './support/binary.ts'

beforeAll(ensureBuilt, 60_000)

test('the executable runs alone, without a usable temp directory, in a hostile folder', async () => {
  await smoke(dist)
}, 60_000)
