// Measures Deskbox against bare servers and a bare loop, on this machine, in this run. Speed is
// shown and not asserted: the exit code is 0 whatever comes out.

import { statSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from '../build/build.ts'
import { thisMachine } from '../build/targets.ts'
import { Connection } from '../src/store/connection.ts'
import { timeArrivals, timeDeliveries } from './deliveries.ts'
import { timeFeed } from './feed.ts'
import { residentMb } from './process.ts'
import {
  deliveryRows,
  feedRows,
  flatRows,
  memoryRows,
  readRows,
  reportRows,
  searchRows,
  startRows,
  tableOf,
  writeRows,
} from './report.ts'
import { timeReports } from './reports.ts'
import { runRounds } from './rounds.ts'
import { setUp, type Options } from './servers.ts'
import { startOnFresh, startOnUsed } from './start.ts'
import { timeWorkflows } from './workflows.ts'

const usage = `bun run bench [--seconds N] [--rounds N] [--tickets SMALL,LARGE] [--report-tickets N]
                 [--binary FILE]

  --seconds N            how long each measure runs in a round (1)
  --rounds N             how many rounds; every figure is the median (5)
  --tickets SMALL,LARGE  sizes of the two desks (1000,100000)
  --report-tickets N     size of the desk whose reports are timed, once (200000); 0 for none
  --binary FILE          the executable to measure; without it dist/deskbox, built anew when it
                         is not there or older than its source`

const startsTimed = 15
const arrivalSeconds = 10
const root = resolve(import.meta.dir, '..')
const ownBinary = join(root, 'dist/deskbox')

await main(process.argv.slice(2))

async function main(args: string[]): Promise<void> {
  const options = optionsOf(args)
  if (!options) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  if (options.binary === ownBinary && isStale(ownBinary)) await build(thisMachine(), ownBinary)
  await measure(options)
}

function optionsOf(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '5' },
      tickets: { type: 'string', default: '1000,100000' },
      'report-tickets': { type: 'string', default: '200000' },
      binary: { type: 'string', default: ownBinary },
    },
  })
  const [small = 0, large = 0] = values.tickets.split(',').map(Number)
  const seconds = Number(values.seconds)
  const rounds = Number(values.rounds)
  const reportTickets = Number(values['report-tickets'])
  const isUsable = seconds > 0 && rounds >= 1 && small >= 1 && large >= 1 && reportTickets >= 0
  if (!isUsable || !Number.isInteger(rounds + small + large + reportTickets)) return undefined
  const tickets = [small, large] as const
  return { seconds, rounds, tickets, reportTickets, binary: resolve(values.binary) }
}

/** True when there is no such file, or one older than what it is made of. */
function isStale(binary: string): boolean {
  const built = statSync(binary, { throwIfNoEntry: false })?.mtimeMs ?? 0
  const sources = new Bun.Glob('{src,migrations,build}/**/*').scanSync({
    cwd: root,
    absolute: true,
  })
  return [...sources, join(root, 'bun.lock')].some((file) => statSync(file).mtimeMs > built)
}

async function measure(options: Options): Promise<void> {
  const { binary, tickets, reportTickets } = options
  const began = performance.now()
  progress('filling the desks')
  await using field = await setUp(options, residentMb)
  const measured = await runRounds(field, options, progress)
  const { small, written, used, fresh } = field
  const loadedMb = { reads: residentMb(small.server.pid), writes: residentMb(written.server.pid) }
  progress('following events')
  const feed = await timeFeed(field, options.seconds)
  progress('starting again and again')
  const [key = ''] = small.seeded.keva
  const startUsed = await startOnUsed({ binary, cwd: used, times: startsTimed }, key)
  const startFresh = await startOnFresh({ binary, cwd: fresh, times: startsTimed })
  progress('reading reports')
  const desk = { binary, cwd: field.reports, tickets: reportTickets }
  const reports = reportTickets > 0 ? await timeReports(desk, options.seconds) : []
  progress('delivering webhooks')
  const delivered = await timeDeliveries({ binary, cwd: field.hooks, rounds: options.rounds })
  const arrivals = await timeArrivals(binary, arrivalSeconds)
  progress('running workflows')
  const workflows = await timeWorkflows()
  progress('')
  const rows = [
    ...readRows(measured),
    ...flatRows(measured, tickets),
    ...searchRows(measured, tickets),
    ...writeRows(measured),
    ...feedRows(feed),
    ...startRows(startUsed, startFresh),
    ...reportRows(reports, reportTickets),
    ...deliveryRows(delivered, arrivals),
    ...workflows,
    ...memoryRows(field.idleMb, loadedMb),
  ]
  console.log(tableOf(rows))
  console.log(factsOf(options, measured.generatorShare, (performance.now() - began) / 1000))
}

function factsOf(options: Options, generatorShare: number, seconds: number): string {
  using connection = new Connection(':memory:', undefined)
  const [cpu] = cpus()
  return [
    '',
    `${cpus().length} cores (${cpu?.model.trim()}), ${(totalmem() / 1e9).toFixed(1)} GB,`,
    `${process.platform} ${process.arch}, Bun ${Bun.version}, SQLite ${connection.check.sqlite}.`,
    `${options.rounds} rounds of ${options.seconds} s, medians; ${seconds.toFixed(0)} s in all.`,
    'In brackets: CPU time per answer, and the lowest and highest ratio of a round.',
    'By CPU: the ratio of the least such times, which other programs disturb least.',
    `The load generator took at most ${(generatorShare * 100).toFixed(0)} % of a core.`,
  ].join('\n')
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
