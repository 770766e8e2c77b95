import type { Measured } from './rounds.ts'
import { longReads, reads } from './reads.ts'
import type { Spread } from './samples.ts'
import { grouped } from './stats.ts'

export type Row = {
  readonly measure: string
  readonly figure: string
  readonly floor?: string
  readonly ratio?: string
  readonly aim?: string
  readonly reached?: boolean
}

const createAim = 0.6
const flatAim = 1.2
const startMsAim = 300
const idleMbAim = 150

export function readRows({ samples }: Measured): Row[] {
  const rate = (name: string) => shownRate(samples.median(name, 'perSecond'), cpuOf(name))
  const cpuOf = (name: string) => samples.median(name, 'cpuUs')
  return reads.flatMap(({ name, title, aim }) => {
    const statements = samples.ratio(name, `${name}-statements`)
    return [
      {
        measure: `${title}, to the same statements`,
        figure: rate(name),
        floor: rate(`${name}-statements`),
        ratio: shown(statements),
        aim: `>= ${aim}`,
        reached: statements.middle >= aim,
      },
      {
        measure: `${title}, to static JSON`,
        figure: rate(name),
        floor: rate(`${name}-static`),
        ratio: shown(samples.ratio(name, `${name}-static`)),
      },
    ]
  })
}

/** How much more a call costs on the large desk than on the small one. */
export function flatRows({ samples }: Measured, [small, large]: readonly [number, number]): Row[] {
  const sizes = `${grouped(large)} to ${grouped(small)} tickets`
  const flat = reads.map(({ name, title }) => {
    const ratio = samples.ratio(name, `${name}-large`)
    return {
      measure: `${title}, ${sizes}`,
      figure: shownRate(samples.median(`${name}-large`, 'perSecond')),
      floor: shownRate(samples.median(name, 'perSecond')),
      ratio: shown(ratio),
      aim: `<= ${flatAim}`,
      reached: ratio.middle <= flatAim,
    }
  })
  const long = longReads.map(({ name, title }) => ({
    measure: `${title}, ${grouped(large)} tickets`,
    figure: shownRate(samples.median(name, 'perSecond')),
    floor: shownRate(samples.median('keva-list-large', 'perSecond')),
    ratio: shown(samples.ratio('keva-list-large', name)),
  }))
  return [...flat, ...long]
}

export function writeRows({ samples }: Measured): Row[] {
  const rate = (name: string) =>
    shownRate(samples.median(name, 'perSecond'), samples.median(name, 'cpuUs'))
  const against = (measure: string, name: string, floor: string) => {
    const ratio = samples.ratio(name, floor)
    return {
      measure,
      figure: rate(name),
      floor: rate(floor),
      ratio: shown(ratio),
      middle: ratio.middle,
    }
  }
  const { middle, ...create } = against('Keva: create a ticket', 'create', 'create-floor')
  const { middle: _once, ...once } = against(
    'Keva: create with Idempotency-Key',
    'create-once',
    'create-floor',
  )
  const { middle: _single, ...single } = against(
    'Keva: create, to 64 in one closure',
    'create',
    'create-floor-single',
  )
  const ms = (name: string) =>
    `p50 ${grouped(samples.median(name, 'p50Ms'))}, p99 ${grouped(samples.median(name, 'p99Ms'))} ms`
  return [
    { ...create, aim: `>= ${createAim}`, reached: middle >= createAim },
    once,
    single,
    { measure: 'Keva: create, 64 clients', figure: ms('create') },
    { measure: '90 % get, 10 % create, 32 clients', figure: `${rate('mixed')}, ${ms('mixed')}` },
    ...reads.map(({ name, title }) => ({ measure: `${title}, 32 clients`, figure: ms(name) })),
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
  const lines = rows.map(({ measure, figure, floor = '', ratio = '', aim = '', reached }) => [
    measure,
    figure,
    floor,
    ratio,
    aim,
    reached === undefined ? '' : reached ? 'yes' : 'NO',
  ])
  const table = [['measure', 'figure', 'floor', 'ratio', 'aim', 'reached'], ...lines]
  const widths = [0, 1, 2, 3, 4, 5].map((at) =>
    Math.max(...table.map((line) => line[at]?.length ?? 0)),
  )
  const rule = widths.map((width) => '-'.repeat(width))
  return [table[0] ?? [], rule, ...lines]
    .map((line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`)
    .join('\n')
}
