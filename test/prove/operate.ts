import { migrations } from '../../migrations/index.ts'
import { fixtures } from '../fixtures/make.ts'
import { proveBackups } from './backups.ts'
import { sized, storageBars, type Bar, type BarOptions, type Outcome } from './bars.ts'
import { proveTest } from './checks.ts'
import { proveDamage } from './damage.ts'
import { proveFull } from './full.ts'
import { proveStop } from './hookstop.ts'
import { proveHosts } from './hostnames.ts'
import { proveHostileFolder } from './hostile.ts'
import { proveAddon, proveMaterials } from './parts.ts'
import { proveBareRoot, proveReadOnlyRoot } from './places.ts'
import { provePrivacy } from './privacy.ts'
import { proveBusyStop } from './stop.ts'
import { killUpgrades } from './upgrades.ts'

const builds = 'test/build.test.ts'

/** The bars of operating a desk, in the order of the table. Sizes are those of the full proof. */
export const operateBars: readonly Bar[] = [
  { id: 'S5', what: 'a full disk, and space again', run: full },
  ...storageBars.filter(({ id }) => id === 'S6'),
  { id: 'S7', what: 'backups under 300 writes/s, each restored', run: backups },
  { id: 'S10', what: 'damaged or foreign data is refused', run: damage },
  { id: 'S11', what: 'kill -9 at every statement of an upgrade', run: upgrades },
  ...storageBars.filter(({ id }) => id === 'S12'),
  { id: 'A9', what: 'files, modes, owners, secrets', run: ({ binary }) => provePrivacy(binary) },
  { id: 'A11', what: 'names in Host', run: ({ binary }) => proveHosts(binary) },
  { id: 'C2', what: 'the addon, at the build and at the start', run: addon },
  {
    id: 'C3',
    what: `two builds are the same (${builds})`,
    run: async () => proveTest(builds, 'two builds'),
  },
  { id: 'C4', what: 'the bill of materials', run: () => proveMaterials() },
  { id: 'C5', what: 'a hostile folder', run: ({ binary }) => proveHostileFolder(binary) },
  { id: 'C6', what: 'a read-only root', run: ({ binary }) => proveReadOnlyRoot(binary) },
  { id: 'ROOT', what: 'an empty root', run: ({ binary }) => proveBareRoot(binary) },
  { id: 'J11a', what: 'SIGTERM amid 100 calls and 100 jobs', run: busyStop },
  { id: 'J11b', what: 'SIGTERM while receivers hang', run: ({ binary }) => proveStop(binary) },
]

function full({ binary, seed, scale }: BarOptions): Promise<Outcome> {
  return proveFull({ binary, seed, seconds: sized(300, scale) })
}

function backups({ binary, seed, scale, shim, report }: BarOptions): Promise<Outcome> {
  const seconds = Math.max(25, sized(180, scale))
  const load = { writesPerSecond: 300, seconds, everySeconds: 10, p99MostMs: 100 }
  return proveBackups({ binary, seed, shim, report, ...load })
}

function damage({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveDamage(binary, sized(100, scale))
}

async function upgrades({ scale, report }: BarOptions): Promise<Outcome> {
  const newest = migrations.at(-1)?.name
  const old = fixtures().filter((schema) => schema !== newest)
  const every = Math.max(1, Math.round(1 / scale))
  const done = old.map((schema) => ({ schema, ...killUpgrades(schema, every, report) }))
  const problems = done.flatMap(({ schema, problems: found }) =>
    found.map((one) => `from ${schema}: ${one}`),
  )
  const each = done.map(
    ({ schema, kills, statements }) => `${kills} of ${statements} from ${schema}`,
  )
  return { figure: `killed at ${each.join(', ')}`, problems }
}

function addon({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveAddon(binary, sized(10, scale))
}

function busyStop({ binary, scale }: BarOptions): Promise<Outcome> {
  return proveBusyStop({ binary, requests: sized(100, scale), jobs: sized(100, scale) })
}
