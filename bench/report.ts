import type { TimedFeed } from './feed.ts'
import type { TimedDeliveries } from './deliveries.ts'
import type { Measured } from './rounds.ts'
import { longReads, reads, searches, type Search } from './reads.ts'
import type { TimedReport } from './reports.ts'
import type { Sample, Samples, Spread } from './samples.ts'
import { grouped, quantile } from './stats.ts'

export type Row = {
  readonly measure: string
  readonly figure: string
  readonly floor?: string
  readonly ratio?: string
  /** The same by the least CPU time of either in any round, which other programs disturb least. */
  readonly byCpu?: string
  readonly aim?: string
  readonly reached?: boolean
}

const createAim = 0.6
const flatAim = 1.2
const searchFlatAim = 1.8
const searchMsAim = 10
const startMsAim = 300
const idleMbAim = 150
const reportMsAim = 50
const deliveryAim = 0.5
const deliveryAimAt = 64
const arrivalMsAim = 50

export function readRows({ samples }: Measured): Row[] {
  return reads.flatMap(({ name, title, aim }) => [
    compared(samples, { measure: `${title}, to the same statements`, aim }, [
      name,
      `${name}-statements`,
    ]),
    compared(samples, { measure: `${title}, to static JSON` }, [name, `${name}-static`]),
  ])
}

/** What is measured beside its floor. */
function compared(
  samples: Samples,
  { measure, aim }: { readonly measure: string; readonly aim?: number },
  [name, floor]: readonly [string, string],
): Row {
  const rate = (one: string) =>
    shownRate(samples.median(one, 'perSecond'), samples.median(one, 'cpuUs'))
  const ratio = samples.ratio(name, floor)
  const byCpu = samples.least(floor, 'cpuUs') / samples.least(name, 'cpuUs')
  return {
    measure,
    figure: rate(name),
    floor: rate(floor),
    ratio: shown(ratio),
    byCpu: Number.isNaN(byCpu) ? '' : byCpu.toFixed(2),
    ...(aim !== undefined && { aim: `>= ${aim}`, reached: ratio.middle >= aim }),
  }
}

/** How much more a call costs on the large desk than on the small one. */
export function flatRows(measured: Measured, [small, large]: readonly [number, number]): Row[] {
  const { samples } = measured
  const sizes = `${grouped(large)} to ${grouped(small)} tickets`
  const flat = reads.map((one) => flatRow(measured, one, `${one.title}, ${sizes}`, flatAim))
  const long = longReads.map(({ name, title }) => ({
    measure: `${title}, ${grouped(large)} tickets`,
    figure: shownRate(samples.median(name, 'perSecond')),
    floor: shownRate(samples.median('keva-list-large', 'perSecond')),
    ratio: shown(samples.ratio('keva-list-large', name)),
  }))
  return [...flat, ...long]
}

/** What a search costs on both desks, and for how long one holds the large one. */
export function searchRows(measured: Measured, [small, large]: readonly [number, number]): Row[] {
  const sizes = `${grouped(large)} to ${grouped(small)} tickets`
  return [
    ...searches
      .filter((one) => one.isCompared)
      .map((one) => flatRow(measured, one, `${one.title}, ${sizes}`, searchFlatAim)),
    ...searches.map((one) => holdRow(measured, one, large)),
    worstRow(measured, large),
  ]
}

/** Of all that is searched for, what holds the process longest. */
function worstRow(measured: Measured, large: number): Row {
  const p99 = ({ name }: Search) => measured.samples.median(`${name}-alone`, 'p99Ms')
  const [worst] = searches.toSorted((a, b) => p99(b) - p99(a))
  if (!worst) throw new Error('There is no search')
  const row = holdRow(measured, worst, large)
  return { ...row, measure: `The worst of these: ${row.measure}` }
}

function holdRow({ samples }: Measured, { name, title }: Search, large: number): Row {
  const [p50, p99] = (['p50Ms', 'p99Ms'] as const).map((what) =>
    samples.median(`${name}-alone`, what),
  )
  const cpu = `${grouped(samples.least(`${name}-alone`, 'cpuUs'))} us`
  return {
    measure: `${title}, ${grouped(large)} tickets, 1 client`,
    figure: `p50 ${grouped(p50 ?? Number.NaN)}, p99 ${grouped(p99 ?? Number.NaN)} ms (${cpu})`,
    aim: `<= ${searchMsAim} ms`,
    reached: (p99 ?? Infinity) <= searchMsAim,
  }
}

function flatRow(
  { samples }: Measured,
  { name }: { readonly name: string },
  measure: string,
  aim: number,
): Row {
  const ratio = samples.ratio(name, `${name}-large`)
  const rate = (one: string) =>
    shownRate(samples.median(one, 'perSecond'), samples.median(one, 'cpuUs'))
  const byCpu = samples.least(`${name}-large`, 'cpuUs') / samples.least(name, 'cpuUs')
  return {
    measure,
    figure: rate(`${name}-large`),
    floor: rate(name),
    ratio: shown(ratio),
    byCpu: byCpu.toFixed(2),
    aim: `<= ${aim}`,
    reached: ratio.middle <= aim,
  }
}

export function writeRows({ samples }: Measured): Row[] {
  const middle = (name: string, what: keyof Sample) => grouped(samples.median(name, what))
  const ms = (name: string) => `p50 ${middle(name, 'p50Ms')}, p99 ${middle(name, 'p99Ms')} ms`
  const mixed = middle('mixed', 'perSecond')
  return [
    compared(samples, { measure: 'Keva: create a ticket, to a bare loop', aim: createAim }, [
      'create',
      'create-floor',
    ]),
    compared(samples, { measure: 'Keva: create with Idempotency-Key, to that loop' }, [
      'create-once',
      'create-floor',
    ]),
    { measure: 'Keva: create a ticket, 64 clients', figure: ms('create') },
    { measure: '90 % get, 10 % create, 32 clients', figure: `${mixed}/s, ${ms('mixed')}` },
    ...reads.map(({ name, title }) => ({ measure: `${title}, 32 clients`, figure: ms(name) })),
  ]
}

export function feedRows({ replay, live }: TimedFeed): Row[] {
  const { perSecond, p50Ms, p95Ms } = live
  return [
    { measure: 'Event stream: one reader who catches up', figure: shownRate(replay.perSecond) },
    {
      measure: `Event stream: from a change sent to its event heard, ${perSecond}/s`,
      figure: `p50 ${grouped(p50Ms)}, p95 ${grouped(p95Ms)} ms`,
    },
  ]
}

export function startRows(used: Spread, fresh: Spread): Row[] {
  return [
    {
      measure: 'Start to the first 200, existing folder',
      figure: `${shownSpread(used)} ms`,
      aim: `<= ${startMsAim} ms`,
      reached: used.middle <= startMsAim,
    },
    { measure: 'Start to the first 200, fresh folder', figure: `${shownSpread(fresh)} ms` },
  ]
}

export function reportRows(timed: readonly TimedReport[], tickets: number): Row[] {
  return timed.map(({ title, p50Ms, p99Ms }) => ({
    measure: `${title}, ${grouped(tickets)} tickets`,
    figure: `p50 ${grouped(p50Ms)}, p99 ${grouped(p99Ms)} ms`,
    aim: `<= ${reportMsAim} ms`,
    reached: p99Ms <= reportMsAim,
  }))
}

export function deliveryRows(
  timed: readonly TimedDeliveries[],
  arrivals: readonly number[],
): Row[] {
  const rates = timed.map(({ atOnce, perSecond, floor, ratio }) => ({
    measure: `Webhooks delivered, ${atOnce} at once, to a bare loop of calls`,
    figure: shownRate(perSecond.middle),
    floor: shownRate(floor.middle),
    ratio: shown(ratio),
    ...(atOnce === deliveryAimAt && {
      aim: `>= ${deliveryAim}`,
      reached: ratio.middle >= deliveryAim,
    }),
  }))
  const sorted = Float64Array.from(arrivals).sort()
  const p95 = quantile(sorted, 0.95)
  const took = `p50 ${quantile(sorted, 0.5).toFixed(1)}, p95 ${p95.toFixed(1)} ms`
  const arrival = {
    measure: 'A new ticket to its receiver, 20 a second',
    figure: took,
    aim: `<= ${arrivalMsAim} ms`,
    reached: p95 <= arrivalMsAim,
  }
  return [...rates, arrival]
}

export function memoryRows(idleMb: number, loadedMb: { reads: number; writes: number }): Row[] {
  return [
    {
      measure: 'Resident memory, idle after the start',
      figure: `${grouped(idleMb)} MB`,
      aim: `<= ${idleMbAim} MB`,
      reached: idleMb <= idleMbAim,
    },
    { measure: 'Resident memory after the reads', figure: `${grouped(loadedMb.reads)} MB` },
    { measure: 'Resident memory after the writes', figure: `${grouped(loadedMb.writes)} MB` },
  ]
}

function shownRate(perSecond: number, cpuUs = Number.NaN): string {
  const cpu = Number.isNaN(cpuUs) ? '' : ` (${grouped(cpuUs)} us)`
  return `${grouped(perSecond)}/s${cpu}`
}

function shown({ middle, least, most }: Spread): string {
  return `${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`
}

function shownSpread({ middle, least, most }: Spread): string {
  return `${middle.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)})`
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ measure, figure, floor, ratio, byCpu, aim, reached }) => [
    measure,
    figure,
    floor ?? '',
    ratio ?? '',
    byCpu ?? '',
    aim ?? '',
    reached === undefined ? '' : reached ? 'yes' : 'NO',
  ])
  const table = [heads, ...lines]
  const widths = heads.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)))
  const rule = widths.map((width) => '-'.repeat(width))
  return [heads, rule, ...lines]
    .map((line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`)
    .join('\n')
}

const heads = ['measure', 'figure', 'floor', 'ratio', 'by CPU', 'aim', 'reached']
