import type { GraphFault, GraphProblem } from '../domain/workflowgraph.ts'

// What is wrong with a graph, in words that both dialects use: no contract has any (keva.md 8.5, ours).

type Sentences = {
  readonly [P in GraphProblem['problem']]: (fault: Extract<GraphProblem, { problem: P }>) => string
}

const sentences: Sentences = {
  nodes: () => 'nodes must be a list',
  edges: () => 'edges must be a list',
  tooManyNodes: ({ most }) => `a graph has at most ${most} nodes`,
  tooManyPatterns: ({ most }) => `a graph has at most ${most} comparisons with matches_regex`,
  tooLarge: ({ mostBytes }) => `a graph has at most ${mostBytes / 1024} KB`,
  tooDeep: ({ most }) => `a graph is at most ${most} levels deep`,
  nodeShape: ({ position }) =>
    `nodes.${position} needs a text id and type, and its data is an object`,
  edgeShape: ({ position }) => `edges.${position} needs a text source and target`,
  sameId: () => 'another node has the same id',
  kind: ({ allowed }) => `type must be one of: ${allowed.join(', ')}`,
  noTrigger: () => 'a graph needs a trigger',
  manyTriggers: () => 'a graph has one trigger only',
  source: ({ id }) => `its source ${id} is no node`,
  target: ({ id }) => `its target ${id} is no node`,
  intoTrigger: () => 'nothing leads to a trigger',
  outOfEnd: () => 'nothing leads on from an end',
  leadsNowhere: () => 'it must lead to another node',
  manyWays: () => 'only a condition leads to more than one node',
  branch: () => 'a way out of a condition has the sourceHandle true or false',
  sameBranch: ({ branch }) => `more than one way is for ${branch}`,
  unreachable: () => 'the trigger does not lead to it',
  cycle: () => 'it leads back to itself',
  required: ({ at }) => `data.${at} is required`,
  text: ({ at }) => `data.${at} must be a text`,
  number: ({ at }) => `data.${at} must be a number`,
  list: ({ at }) => `data.${at} must be a list`,
  object: ({ at }) => `data.${at} must be an object`,
  assignee: ({ at }) => `data.${at} must be a user id, ai or unassigned`,
  time: ({ at }) => `data.${at} must be a time such as 09:00`,
  oneOf: ({ at, allowed }) => `data.${at} must be one of: ${allowed.join(', ')}`,
  field: ({ at, name }) => `data.${at} is no known field: ${name}`,
  pattern: ({ at }) => `data.${at} is no pattern that can be matched`,
  url: ({ at }) => `data.${at} must be an http or https URL`,
  duration: ({ at, mostDays }) => `data.${at} must be more than 0 and at most ${mostDays} days`,
  before: ({ at }) =>
    `data.${at} must be after: nobody knows before when a ticket is created, changed or left waiting`,
  cron: ({ at }) => `data.${at} must be a cron expression of five fields that comes to pass`,
  timezone: ({ at }) => `data.${at} is no known time zone`,
}

/** `Node n2: data.unit is required` */
export function graphSentence(fault: GraphFault): string {
  const sentence = sentences[fault.problem] as (fault: GraphFault) => string
  const { nodeId, edgeId } = fault
  if (nodeId !== undefined) return `Node ${nodeId}: ${sentence(fault)}`
  if (edgeId !== undefined) return `Edge ${edgeId}: ${sentence(fault)}`
  const text = sentence(fault)
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}

/** The place of a fault in a body: the graph, or a node or edge of it by its id. */
export function graphField(name: string, place: string): string {
  return place === '' ? name : `${name}.${place}`
}
