import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { storageBars, type Bar, type BarOptions, type Outcome } from './bars.ts'
import { webhookBars } from './hookbars.ts'
import { operateBars } from './operate.ts'
import { workflowBars } from './workflows.ts'
import { compileShim } from './shim.ts'

const usage = `bun run prove storage|webhooks|workflows|operate
                      [--rounds N] [--only S1,S2] [--binary FILE] [--seed N]

  --rounds N     kill rounds (200 is the full size); the other bars shrink or grow with them
  --only LIST    only these bars; S4 means both of its halves
  --binary FILE  the executable to prove (dist/deskbox)
  --seed N       chooses other moments and victims (1)`

const suites: { readonly [name: string]: readonly Bar[] } = {
  storage: storageBars,
  webhooks: webhookBars,
  workflows: workflowBars,
  operate: operateBars,
}

const fullRounds = 200
const problemsShown = 10

type Row = { readonly bar: Bar; readonly outcome: Outcome; readonly seconds: number }

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: String(fullRounds) },
      only: { type: 'string', default: '' },
      binary: { type: 'string', default: 'dist/deskbox' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [suite = ''] = positionals
  const all = positionals.length === 1 && Object.hasOwn(suites, suite) ? suites[suite] : undefined
  const bars = chosen(all ?? [], values.only)
  const rounds = Number(values.rounds)
  const seed = Number(values.seed)
  const isUsable = bars.length > 0 && rounds > 0
  if (!isUsable || !Number.isInteger(seed)) {
    console.error(usage)
    return 2
  }
  const binary = resolve(values.binary)
  if (!existsSync(binary)) {
    console.error(`${binary} is not there; make it with: bun run build`)
    return 2
  }
  return await prove(bars, { binary, seed, scale: rounds / fullRounds })
}

function chosen(bars: readonly Bar[], only: string): readonly Bar[] {
  if (only === '') return bars
  const wanted = new Set(only.toUpperCase().split(','))
  const isWanted = ({ id }: Bar) =>
    wanted.has(id.toUpperCase()) || wanted.has(id.replace(/[ab]$/, ''))
  return bars.filter(isWanted)
}

type Plan = Pick<BarOptions, 'binary' | 'seed' | 'scale'>

async function prove(bars: readonly Bar[], plan: Plan): Promise<number> {
  const shim = compileShim()
  const rows: Row[] = []
  try {
    for (const bar of bars) {
      const report = (done: number) => showProgress(`${bar.id} ${bar.what}: ${done}`)
      report(0)
      const began = performance.now()
      const outcome = await bar.run({ ...plan, shim, report }).catch(failed)
      rows.push({ bar, outcome, seconds: (performance.now() - began) / 1000 })
    }
  } finally {
    if (!('skipped' in shim)) shim[Symbol.dispose]()
  }
  showProgress('')
  printTable(rows)
  for (const row of rows) printProblems(row)
  return rows.every(({ outcome }) => isPass(outcome)) ? 0 : 1
}

/** A prover that could not go on has not proved its bar. */
function failed(err: unknown): Outcome {
  return { figure: 'not finished', problems: [err instanceof Error ? err.message : String(err)] }
}

function isPass(outcome: Outcome): boolean {
  return !('skipped' in outcome) && outcome.problems.length === 0
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function printTable(rows: readonly Row[]): void {
  const lines = rows.map(({ bar, outcome, seconds }) => [
    bar.id,
    bar.what,
    'skipped' in outcome ? `skipped: ${outcome.skipped}` : outcome.figure,
    `${seconds.toFixed(0)} s`,
    isPass(outcome) ? 'yes' : 'NO',
  ])
  const table = [['bar', 'what', 'figure', 'time', 'pass'], ...lines]
  const widths = [0, 1, 2, 3, 4].map((at) =>
    Math.max(...table.map((line) => line[at]?.length ?? 0)),
  )
  const rule = widths.map((width) => '-'.repeat(width))
  for (const line of [table[0] ?? [], rule, ...lines]) {
    console.log(`| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`)
  }
}

function printProblems({ bar, outcome }: Row): void {
  if ('skipped' in outcome || outcome.problems.length === 0) return
  console.log(`\n${bar.id}: ${outcome.problems.length} problems`)
  for (const problem of outcome.problems.slice(0, problemsShown)) console.log(`- ${problem}`)
}
