import { isDeeperThan } from '../lib/depth.ts'
import { nodeKinds } from '../store/schema.ts'
import { checkData } from './nodechecks.ts'
import {
  graphBytesMax,
  graphDepthMost,
  graphNodesMost,
  graphPatternsMost,
  type Graph,
  type GraphEdge,
  type GraphFault,
  type GraphNode,
} from './workflowgraph.ts'

// Pure: whether a value is a graph that can run, and if not, everything that is wrong with it.

/** Why a graph cannot even be kept, whether it is complete or not. */
export function sizeFaults(value: unknown): GraphFault[] {
  if (isDeeperThan(value, graphDepthMost)) return [{ problem: 'tooDeep', most: graphDepthMost }]
  if (Buffer.byteLength(JSON.stringify(value)) > graphBytesMax) {
    return [{ problem: 'tooLarge', mostBytes: graphBytesMax }]
  }
  const { nodes } = isObject(value) ? value : {}
  const isLong = Array.isArray(nodes) && nodes.length > graphNodesMost
  return isLong ? [{ problem: 'tooManyNodes', most: graphNodesMost }] : []
}

/**
 * Everything that keeps a graph from running: what it lacks, what leads nowhere, and what its nodes are not
 * told. None for a graph that can. Faults of the whole come first, then those of the nodes in their order.
 */
export function graphFaults(value: unknown, triggerKind: string): GraphFault[] {
  const faults = sizeFaults(value)
  if (faults.length > 0) return faults
  const { nodes, edges, faults: misshapen } = partsOf(value)
  const graph = { nodes, edges }
  return [
    ...misshapen,
    ...triggerFaults(nodes),
    ...patternFaults(graph),
    ...nodes.flatMap((node) => [
      ...kindFaults(node),
      ...wayFaults(node, graph),
      ...checkData(node, triggerKind),
    ]),
    ...edges.flatMap((edge) => edgeFaults(edge, nodes)),
    ...pathFaults(graph),
  ]
}

/** The node that starts a graph, if it has one. */
export function triggerOf(value: unknown): GraphNode | undefined {
  return partsOf(value).nodes.find(({ type }) => type === 'trigger')
}

/** How many comparisons of a graph try a pattern. */
export function patternsIn({ nodes }: Graph): number {
  const rules = nodes.flatMap(({ data }): unknown[] => {
    const listed = data?.['conditions']
    return Array.isArray(listed) ? listed : []
  })
  return rules.filter((rule) => isObject(rule) && rule['operator'] === 'matches_regex').length
}

function patternFaults(graph: Graph): GraphFault[] {
  const isWithin = patternsIn(graph) <= graphPatternsMost
  return isWithin ? [] : [{ problem: 'tooManyPatterns', most: graphPatternsMost }]
}

type Parts = Graph & { readonly faults: readonly GraphFault[] }

/** The nodes and edges that are such, and what is wrong with the others. */
function partsOf(value: unknown): Parts {
  const given = isObject(value) ? value : {}
  const nodes = listed(given['nodes'], isNode)
  const edges = listed(given['edges'], isEdge)
  const faults: GraphFault[] = [
    ...(Array.isArray(given['nodes']) ? [] : [{ problem: 'nodes' } as const]),
    ...nodes.strange.map((position) => ({ problem: 'nodeShape', position }) as const),
    ...(Array.isArray(given['edges']) ? [] : [{ problem: 'edges' } as const]),
    ...edges.strange.map((position) => ({ problem: 'edgeShape', position }) as const),
    ...repeated(nodes.kept).map((nodeId) => ({ problem: 'sameId', nodeId }) as const),
  ]
  return { nodes: nodes.kept, edges: edges.kept, faults }
}

/** The elements that pass, and the positions of those that do not. */
function listed<T>(value: unknown, passes: (one: unknown) => one is T) {
  const all: unknown[] = Array.isArray(value) ? value : []
  const kept = all.filter(passes)
  const strange = all.flatMap((one, at) => (passes(one) ? [] : [at]))
  return { kept, strange }
}

function isNode(value: unknown): value is GraphNode {
  if (!isObject(value)) return false
  const { id, type, data } = value
  return isName(id) && typeof type === 'string' && (data === undefined || isObject(data))
}

function isEdge(value: unknown): value is GraphEdge {
  if (!isObject(value)) return false
  const { id, source, target, sourceHandle: handle } = value
  const isHandle = handle === undefined || handle === null || typeof handle === 'string'
  const isNamed = id === undefined || typeof id === 'string'
  return isName(source) && isName(target) && isHandle && isNamed
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function repeated(nodes: readonly GraphNode[]): string[] {
  const seen = new Set<string>()
  const again = new Set<string>()
  for (const { id } of nodes) (seen.has(id) ? again : seen).add(id)
  return [...again]
}

function triggerFaults(nodes: readonly GraphNode[]): GraphFault[] {
  const [first, ...others] = nodes.filter(({ type }) => type === 'trigger')
  if (!first) return [{ problem: 'noTrigger' }]
  return others.map(({ id }) => ({ problem: 'manyTriggers', nodeId: id }))
}

function kindFaults({ id, type }: GraphNode): GraphFault[] {
  const isKnown = (nodeKinds as readonly string[]).includes(type)
  return isKnown ? [] : [{ problem: 'kind', allowed: nodeKinds, nodeId: id }]
}

/** What is wrong with the ways out of a node. */
function wayFaults({ id, type }: GraphNode, { edges }: Graph): GraphFault[] {
  const out = edges.filter(({ source }) => source === id)
  if (type === 'end') return out.length > 0 ? [{ problem: 'outOfEnd', nodeId: id }] : []
  const mustLead = type === 'trigger' || type === 'condition'
  if (mustLead && out.length === 0) return [{ problem: 'leadsNowhere', nodeId: id }]
  if (type === 'condition') return branchFaults(id, out)
  return out.length > 1 ? [{ problem: 'manyWays', nodeId: id }] : []
}

function branchFaults(nodeId: string, out: readonly GraphEdge[]): GraphFault[] {
  const strange = out.filter(({ sourceHandle }) => !branches.includes(String(sourceHandle)))
  const twice = branches.filter(
    (branch) => out.filter(({ sourceHandle }) => sourceHandle === branch).length > 1,
  )
  return [
    ...strange.map(({ id: edgeId }): GraphFault => ({ problem: 'branch', nodeId, edgeId })),
    ...twice.map((branch): GraphFault => ({ problem: 'sameBranch', branch, nodeId })),
  ]
}

const branches = ['true', 'false']

function edgeFaults({ id: edgeId, source, target }: GraphEdge, nodes: readonly GraphNode[]) {
  const faults: GraphFault[] = []
  const from = nodes.find(({ id }) => id === source)
  const to = nodes.find(({ id }) => id === target)
  if (!from) faults.push({ problem: 'source', id: source, edgeId })
  if (!to) faults.push({ problem: 'target', id: target, edgeId })
  if (to?.type === 'trigger') faults.push({ problem: 'intoTrigger', nodeId: to.id, edgeId })
  return faults
}

/** Nodes that the trigger does not lead to, and ways that lead back to where they came from. */
function pathFaults({ nodes, edges }: Graph): GraphFault[] {
  const start = nodes.find(({ type }) => type === 'trigger')
  if (!start) return []
  const next = Map.groupBy(edges, ({ source }) => source)
  const state = new Map<string, 'open' | 'done'>()
  const faults: GraphFault[] = []
  const visit = (id: string) => {
    state.set(id, 'open')
    for (const { id: edgeId, target } of next.get(id) ?? []) {
      if (state.get(target) === 'open') faults.push({ problem: 'cycle', nodeId: target, edgeId })
      else if (!state.has(target)) visit(target)
    }
    state.set(id, 'done')
  }
  visit(start.id)
  const lost = nodes.filter(({ id, type }) => type !== 'trigger' && !state.has(id))
  return [
    ...lost.map(({ id: nodeId }): GraphFault => ({ problem: 'unreachable', nodeId })),
    ...faults,
  ]
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
