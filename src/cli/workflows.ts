import type { OpenDesk } from '../app.ts'
import type { Settings } from '../config/effective.ts'
import { Fault } from '../domain/errors.ts'
import { getExecution, getExecutionByUid, listExecutions } from '../domain/executions.ts'
import { simulator, triedUsually } from '../domain/simulator.ts'
import { systemActor } from '../domain/tx.ts'
import {
  getWorkflow,
  getWorkflowByUid,
  listWorkflows,
  runnableGraph,
  updateWorkflow,
  type Workflow,
} from '../domain/workflows.ts'
import { presentSimulation } from '../http/keva/simulation.ts'
import {
  presentExecution,
  presentSummary,
  presentWholeExecution,
  presentWorkflow,
} from '../http/keva/workflowshapes.ts'
import { integerId, uidOf } from '../lib/ids.ts'
import { argsOf, countOf, UsageError, wordsOf } from './args.ts'
import { readNamed, tellOfDesk, type Told } from './deskverbs.ts'
import type { Io } from './io.ts'
import { folderFlags } from './settings.ts'
import {
  executionLine,
  executionText,
  problemLine,
  simulationText,
  workflowLine,
  workflowText,
} from './workflowlines.ts'

export const workflowsHelp = `usage: deskbox workflows list
       deskbox workflows show ID
       deskbox workflows enable ID
       deskbox workflows disable ID
       deskbox workflows executions ID [--skipped] [--last N]
       deskbox workflows execution ID EXECUTION
       deskbox workflows simulate ID [--last N]

The workflows of the desk, beside a running server too, which takes notice at
once. show says what keeps one from being switched on, execution what was done
at each node and why, and simulate what it would do to past tickets, without
doing it.

  ID             wf_… as in the APIs of Keva, or the number of DeskHive
  EXECUTION      exec_…, or its number
  --last N       so many executions (default 20), or tickets (default 100)
  --skipped      with the executions that did nothing
  --config FILE, --data DIR   as for deskbox serve
  --json         machine-readable output, in the words of Keva's API`

const flags = {
  ...folderFlags,
  last: { type: 'string' },
  skipped: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

type Flags = ReturnType<typeof argsOf<typeof flags>>['values']

type Called = {
  readonly opened: OpenDesk
  readonly values: Flags
  readonly settings: Settings
  /** The words behind the verb. */
  readonly words: readonly string[]
}

type Verb = {
  /** What its words are. */
  readonly takes: readonly string[]
  readonly flags: readonly (keyof Flags)[]
  run(called: Called): Told | Promise<Told>
}

const most = 100_000

/** `deskbox workflows list|show|enable|disable|executions|execution|simulate`. Answers the exit code. */
export async function workflows(args: string[], io: Io): Promise<number> {
  const { values, positionals } = argsOf(args, flags)
  const [name = '', ...words] = positionals
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) throw new UsageError(`workflows needs one of: ${Object.keys(verbs).join(', ')}`)
  wordsOf(`workflows ${name}`, words, verb.takes)
  for (const flag of ['last', 'skipped'] as const) {
    if (values[flag] !== undefined && values[flag] !== false && !verb.flags.includes(flag)) {
      throw new UsageError(`workflows ${name} has no --${flag}`)
    }
  }
  countOf('--last', values.last, most)
  return await tellOfDesk(io, values, (opened, settings) =>
    verb.run({ opened, values, settings, words }),
  )
}

const verbs: { readonly [name: string]: Verb } = {
  list: {
    takes: [],
    flags: [],
    run({ opened: { desk } }) {
      const { rows } = desk.read(systemActor, (reader) =>
        listWorkflows(reader, { activeOnly: false }, { limit: most, offset: 0 }),
      )
      return { json: rows.map(presentSummary), lines: rows.map(workflowLine) }
    },
  },

  show: {
    takes: ['ID'],
    flags: [],
    run: (called) => shown(meant(called)),
  },

  enable: { takes: ['ID'], flags: [], run: (called) => switched(called, true) },

  disable: { takes: ['ID'], flags: [], run: (called) => switched(called, false) },

  executions: {
    takes: ['ID'],
    flags: ['last', 'skipped'],
    run(called) {
      const workflow = meant(called)
      const { last, skipped: includesSkipped } = called.values
      const window = { limit: countOf('--last', last, most) ?? 20, offset: 0 }
      const { rows } = called.opened.desk.read(systemActor, (reader) =>
        listExecutions(reader, workflow, window, { includesSkipped }),
      )
      const present = presentExecution(workflow)
      return { json: rows.map(present), lines: rows.map((run) => executionLine(present(run))) }
    },
  },

  execution: {
    takes: ['ID', 'EXECUTION'],
    flags: [],
    run(called) {
      const workflow = meant(called)
      const [, word = ''] = called.words
      const run = readNamed(called.opened, `There is no execution ${word} of it`, (reader) => {
        const id = integerId(word)
        return id === undefined
          ? getExecutionByUid(reader, workflow.id, uidOf('run', word))
          : getExecution(reader, workflow.id, id)
      })
      const json = presentWholeExecution(workflow, run)
      return { json, lines: executionText(json) }
    },
  },

  simulate: {
    takes: ['ID'],
    flags: ['last'],
    async run(called) {
      const workflow = meant(called)
      const { ai, integrations } = called.settings
      const autonomy = { level: ai.autonomy, sensitive: integrations.sensitiveActions }
      const simulate = simulator(called.opened.desk, () => autonomy)
      const graph = worded(workflow, () => runnableGraph(workflow))
      const span = { last: countOf('--last', called.values.last, most) ?? triedUsually }
      const json = presentSimulation(await simulate(graph, span, workflow))
      return { json, lines: simulationText(json) }
    },
  },
}

/** The workflow that is meant. Throws in words when there is none. */
function meant(called: Called): Workflow {
  const [word = ''] = called.words
  const id = integerId(word)
  return readNamed(called.opened, `There is no workflow ${word}`, (reader) =>
    id === undefined ? getWorkflowByUid(reader, uidOf('workflow', word)) : getWorkflow(reader, id),
  )
}

async function switched(called: Called, isActive: boolean): Promise<Told> {
  const workflow = meant(called)
  try {
    const after = await called.opened.desk.write<Workflow>(systemActor, (tx) =>
      // What seals secrets is not needed: none is changed.
      updateWorkflow(tx, workflow.id, { isActive }, ''),
    )
    return shown(after)
  } catch (err) {
    throw refusal(workflow, err)
  }
}

function worded<T>(workflow: Workflow, work: () => T): T {
  try {
    return work()
  } catch (err) {
    throw refusal(workflow, err)
  }
}

/** What keeps a workflow from being run, in words. */
function refusal(workflow: Workflow, err: unknown): unknown {
  if (!(err instanceof Fault) || err.kind !== 'invalid') return err
  const { problems } = presentWorkflow(workflow)
  return new Error(`Its graph cannot be run: ${problems.map(problemLine).join('; ')}`)
}

function shown(workflow: Workflow): Told {
  const json = presentWorkflow(workflow)
  return { json, lines: workflowText(json) }
}
