import type { MisfirePolicy, NodeKind } from '../store/schema.ts'

export type { NodeKind } from '../store/schema.ts'

/*
 * The graph of a workflow as keva.md 8.5 lays it out. What is stored is what was sent; keys that are not named
 * here mean nothing and go back unchanged. `checkGraph` (graphchecks.ts) says whether a value is such a graph.
 */

/** What a node has in its `data`, beside what it is. */
export type NodeData = { readonly [name: string]: unknown }

export type GraphNode = {
  readonly id: string
  readonly type: string
  readonly data?: NodeData | undefined
}

/** A way from a node to the next; out of a condition it is for one answer, `true` or `false`. */
export type GraphEdge = {
  readonly id?: string | undefined
  readonly source: string
  readonly target: string
  readonly sourceHandle?: string | null | undefined
}

export type Graph = { readonly nodes: readonly GraphNode[]; readonly edges: readonly GraphEdge[] }

/** What becomes of times that passed while nothing ran, by the word that a trigger has for it. */
const misfirePolicy = { skip: 'skip', once: 'run_once', all: 'run_all' } as const

export const misfireWords = Object.keys(misfirePolicy)

/** The policy that a word stands for; the usual one for what is no such word. */
export function misfirePolicyOf(word: unknown): MisfirePolicy {
  const isWord = typeof word === 'string' && Object.hasOwn(misfirePolicy, word)
  return isWord ? misfirePolicy[word as keyof typeof misfirePolicy] : misfirePolicy.once
}

export const actionTypes = [
  'set_status',
  'set_priority',
  'assign_to',
  'add_tags',
  'remove_tags',
  'add_internal_note',
  'send_reply',
  'send_email',
  'send_slack_message',
  'send_teams_message',
  'send_webhook',
  'generate_ai_response',
  'classify_ticket',
  'execute_connector_action',
] as const

export type ActionType = (typeof actionTypes)[number]

export const delayUnits = ['seconds', 'minutes', 'hours', 'days'] as const

export type DelayUnit = (typeof delayUnits)[number]

/** What is wrong with a graph, at a node or an edge by its id; neither for the graph as a whole. */
export type GraphFault = GraphProblem & {
  readonly nodeId?: string | undefined
  readonly edgeId?: string | undefined
}

export type GraphProblem =
  | { readonly problem: 'nodes' }
  | { readonly problem: 'edges' }
  | { readonly problem: 'tooManyNodes'; readonly most: number }
  | { readonly problem: 'tooManyPatterns'; readonly most: number }
  | { readonly problem: 'tooLarge'; readonly mostBytes: number }
  | { readonly problem: 'tooDeep'; readonly most: number }
  | { readonly problem: 'nodeShape'; readonly position: number }
  | { readonly problem: 'edgeShape'; readonly position: number }
  | { readonly problem: 'sameId' }
  | { readonly problem: 'kind'; readonly allowed: readonly NodeKind[] }
  | { readonly problem: 'noTrigger' }
  | { readonly problem: 'manyTriggers' }
  | { readonly problem: 'source'; readonly id: string }
  | { readonly problem: 'target'; readonly id: string }
  | { readonly problem: 'intoTrigger' }
  | { readonly problem: 'outOfEnd' }
  | { readonly problem: 'leadsNowhere' }
  | { readonly problem: 'manyWays' }
  | { readonly problem: 'branch' }
  | { readonly problem: 'sameBranch'; readonly branch: string }
  | { readonly problem: 'unreachable' }
  | { readonly problem: 'cycle' }
  | { readonly problem: 'required'; readonly at: string }
  | { readonly problem: 'text'; readonly at: string }
  | { readonly problem: 'number'; readonly at: string }
  | { readonly problem: 'list'; readonly at: string }
  | { readonly problem: 'object'; readonly at: string }
  | { readonly problem: 'assignee'; readonly at: string }
  | { readonly problem: 'time'; readonly at: string }
  | { readonly problem: 'oneOf'; readonly at: string; readonly allowed: readonly string[] }
  | { readonly problem: 'field'; readonly at: string; readonly name: string }
  | { readonly problem: 'pattern'; readonly at: string }
  | { readonly problem: 'url'; readonly at: string }
  | { readonly problem: 'duration'; readonly at: string; readonly mostDays: number }
  | { readonly problem: 'before'; readonly at: string }
  | { readonly problem: 'cron'; readonly at: string }
  | { readonly problem: 'timezone'; readonly at: string }

export const graphNodesMost = 200
/** A run may have to try each of them in one step, and nobody else gets on meanwhile. */
export const graphPatternsMost = 20
/** Of its JSON. */
export const graphBytesMax = 256 * 1024
/** How many objects and lists may be inside one another. */
export const graphDepthMost = 50
export const delayDaysMost = 366
