import { beforeAll, describe, expect, test } from 'bun:test'
import { proveBackups } from './prove/backups.ts'
import { proveDamage } from './prove/damage.ts'
import { proveFull } from './prove/full.ts'
import { proveHosts } from './prove/hostnames.ts'
import { proveHostileFolder } from './prove/hostile.ts'
import { mountsRefused } from './prove/mounts.ts'
import { proveAddon, proveMaterials } from './prove/parts.ts'
import { proveBareRoot, proveReadOnlyRoot } from './prove/places.ts'
import { provePrivacy } from './prove/privacy.ts'
import { compileShim } from './prove/shim.ts'
import { proveBusyStop } from './prove/stop.ts'
import { dist, ensureBuilt } from './support/binary.ts'

// The bars of operating a desk, scaled down; bun run prove operate has them at full size.

beforeAll(ensureBuilt, 60_000)

const linux = process.platform === 'linux'
const mayMount = mountsRefused() === undefined

describe('the executable', () => {
  test.if(mayMount)(
    'goes on reading on a full disk, and writes again with space (S5)',
    async () => {
      const proved = await proveFull({ binary: dist, seed: 1, seconds: 2 })
      expect(proved).toEqual({ figure: expect.any(String), problems: [] })
    },
    60_000,
  )

  test.if(linux)(
    'makes backups of one instant while clients write (S7)',
    async () => {
      const shim = compileShim()
      try {
        const load = { writesPerSecond: 100, seconds: 5, everySeconds: 2, p99MostMs: 2000 }
        const { problems } = await proveBackups({ binary: dist, seed: 1, shim, ...load })
        expect(problems).toEqual([])
      } finally {
        if (!('skipped' in shim)) shim[Symbol.dispose]()
      }
    },
    60_000,
  )

  test.if(linux)(
    'refuses what is damaged or foreign, and changes nothing (S10)',
    async () => {
      expect((await proveDamage(dist, 5)).problems).toEqual([])
    },
    60_000,
  )

  test.if(linux)(
    'keeps what it makes for its owner alone (A9)',
    async () => {
      expect((await provePrivacy(dist)).problems).toEqual([])
    },
    30_000,
  )

  test('answers to its own names alone (A11)', async () => {
    expect((await proveHosts(dist)).problems).toEqual([])
  }, 30_000)

  test.if(linux)(
    'has no other SQLite than the recorded one (C2)',
    async () => {
      expect((await proveAddon(dist, 2)).problems).toEqual([])
    },
    60_000,
  )

  test('is made of what its bill of materials names (C4)', async () => {
    expect((await proveMaterials()).problems).toEqual([])
  }, 30_000)

  test('runs nothing that lies in its folder (C5)', async () => {
    expect((await proveHostileFolder(dist)).problems).toEqual([])
  }, 60_000)

  test.if(mayMount)(
    'needs no root that can be written to, and no temp directory (C6)',
    async () => {
      const proved = await proveReadOnlyRoot(dist)
      expect(proved).toEqual({ figure: expect.any(String), problems: [] })
    },
    60_000,
  )

  test.if(mayMount)(
    'answers a first ticket in an empty root',
    async () => {
      const proved = await proveBareRoot(dist)
      expect(proved).toEqual({ figure: expect.any(String), problems: [] })
    },
    60_000,
  )

  test.if(linux)(
    'told to stop amid calls and jobs, answers the ones and gives back the others (J11)',
    async () => {
      const size = { requests: 20, jobs: 20 }
      expect((await proveBusyStop({ binary: dist, ...size })).problems).toEqual([])
    },
    60_000,
  )
})
