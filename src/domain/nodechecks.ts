import { isCron } from '../lib/cron.ts'
import { patternOf } from '../lib/pattern.ts'
import { isTimezone } from '../lib/zones.ts'
import { actionFaults } from './actionchecks.ts'
import { isField } from './conditionfields.ts'
import { operatorNames, orderOf } from './conditions.ts'
import {
  delayDaysMost,
  delayUnits,
  misfireWords,
  type DelayUnit,
  type GraphFault,
  type GraphNode,
  type GraphProblem,
  type NodeData,
} from './workflowgraph.ts'

/** What the `data` of a node lacks, or has that cannot be. */
export function checkData({ id: nodeId, type, data = {} }: GraphNode, triggerKind: string) {
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined
  const problems = check?.(data, triggerKind) ?? []
  return problems.map((problem): GraphFault => ({ ...problem, nodeId }))
}

type Check = (data: NodeData, triggerKind: string) => GraphProblem[]

const checks: { readonly [type: string]: Check } = {
  trigger: triggerProblems,
  condition: conditionProblems,
  action: actionFaults,
  delay: delayProblems,
}

/** The expression of a scheduled workflow, under the names that people give it. */
export function scheduleIn(data: NodeData): unknown {
  return data['cron'] ?? data['schedule'] ?? data['cronExpression'] ?? data['expression']
}

/** A scheduled workflow goes by a calendar, or by the times of its tickets. */
function triggerProblems(data: NodeData, triggerKind: string): GraphProblem[] {
  const { timer, misfirePolicy: policy } = data
  const hasTimer = timer !== undefined && timer !== null
  return [
    ...(triggerKind === 'scheduled' && !hasTimer ? scheduleProblems(data) : []),
    ...(hasTimer ? timerProblems(timer) : []),
    ...(isNothing(policy) ? [] : oneOfProblems(policy, misfireWords, 'misfirePolicy')),
    ...zoneProblems(data, 'timezone'),
  ]
}

function scheduleProblems(data: NodeData): GraphProblem[] {
  const expression = scheduleIn(data)
  if (isNothing(expression)) return [{ problem: 'required', at: 'cron' }]
  const isGood = typeof expression === 'string' && isCron(expression)
  return isGood ? [] : [{ problem: 'cron', at: 'cron' }]
}

const timerBases = ['no_reply', 'created', 'updated', 'date_field']
const timerUnits = ['minutes', 'hours', 'days'] as const

/** `{ basis, duration, unit, direction }`, the last of which may be left out; and a `field` with the date. */
function timerProblems(timer: unknown): GraphProblem[] {
  if (!isObject(timer)) return [{ problem: 'object', at: 'timer' }]
  const { basis, duration, unit, direction, field } = timer
  const hasDate = basis === 'date_field'
  return [
    ...oneOfProblems(basis, timerBases, 'timer.basis'),
    ...(hasDate ? textProblems(field, 'timer.field') : []),
    ...(isNothing(direction) ? [] : directionProblems(direction, hasDate)),
    ...lengthProblems(duration, unit, { units: timerUnits, within: 'timer.' }),
  ]
}

/** A ticket's own moments are in the past by the time that they are known; a date of its fields need not be. */
function directionProblems(direction: unknown, hasDate: boolean): GraphProblem[] {
  const at = 'timer.direction'
  if (hasDate) return oneOfProblems(direction, ['before', 'after'], at)
  if (direction === 'before') return [{ problem: 'before', at }]
  return oneOfProblems(direction, ['after'], at)
}

function textProblems(value: unknown, at: string): GraphProblem[] {
  if (isNothing(value)) return [{ problem: 'required', at }]
  return typeof value === 'string' ? [] : [{ problem: 'text', at }]
}

function zoneProblems(data: NodeData, at: string): GraphProblem[] {
  const zone = data['timezone']
  if (zone === undefined || zone === null) return []
  const isKnown = typeof zone === 'string' && isTimezone(zone)
  return isKnown ? [] : [{ problem: 'timezone', at }]
}

function conditionProblems(data: NodeData): GraphProblem[] {
  const { conditions, matchMode } = data
  const modes = matchMode === undefined ? [] : oneOfProblems(matchMode, ['all', 'any'], 'matchMode')
  const hours = hoursProblems(data['workingHours'])
  if (conditions === undefined) return [{ problem: 'required', at: 'conditions' }, ...modes]
  if (!Array.isArray(conditions)) return [{ problem: 'list', at: 'conditions' }, ...modes]
  if (conditions.length === 0) return [{ problem: 'required', at: 'conditions' }, ...modes]
  const each = conditions.flatMap((one, at) => ruleProblems(one, `conditions.${at}`))
  return [...each, ...modes, ...hours]
}

/** `field`, `operator`, and the `value` that the operator takes. */
function ruleProblems(rule: unknown, at: string): GraphProblem[] {
  if (!isObject(rule)) return [{ problem: 'object', at }]
  const { field, operator, value } = rule
  const problems: GraphProblem[] = []
  if (field === undefined || field === '') problems.push({ problem: 'required', at: `${at}.field` })
  else if (typeof field !== 'string') problems.push({ problem: 'text', at: `${at}.field` })
  else if (!isField(field)) problems.push({ problem: 'field', at: `${at}.field`, name: field })
  problems.push(...oneOfProblems(operator, operatorNames, `${at}.operator`))
  return [...problems, ...valueProblems(operator, value, `${at}.value`)]
}

function valueProblems(operator: unknown, value: unknown, at: string): GraphProblem[] {
  if (typeof operator !== 'string' || !operatorNames.includes(operator)) return []
  if (operator === 'is_empty' || operator === 'is_not_empty') return []
  if (value === undefined || value === null) return [{ problem: 'required', at }]
  if (operator === 'matches_regex') {
    const isPattern = typeof value === 'string' && patternOf(value) !== undefined
    return isPattern ? [] : [{ problem: 'pattern', at }]
  }
  if (operator.endsWith('in_list')) {
    const isList = Array.isArray(value) ? value.length > 0 : typeof value === 'string'
    return isList ? [] : [{ problem: 'list', at }]
  }
  // A date can be greater than another as well.
  const isOrdered = operator.startsWith('greater_') || operator.startsWith('less_')
  return isOrdered && !isOrderable(value) ? [{ problem: 'number', at }] : []
}

function isOrderable(value: unknown): boolean {
  return (typeof value === 'number' || typeof value === 'string') && orderOf(value) !== undefined
}

/** `{ days: [1, 2], from: "09:00", to: "17:00", timezone }`, each optional. */
function hoursProblems(hours: unknown): GraphProblem[] {
  if (hours === undefined || hours === null) return []
  if (!isObject(hours)) return [{ problem: 'object', at: 'workingHours' }]
  const { days, from, to } = hours
  const problems: GraphProblem[] = []
  const areDays = days === undefined || (Array.isArray(days) && days.every(isWeekday))
  if (!areDays) problems.push({ problem: 'list', at: 'workingHours.days' })
  if (from !== undefined && !isTime(from))
    problems.push({ problem: 'time', at: 'workingHours.from' })
  if (to !== undefined && !isTime(to)) problems.push({ problem: 'time', at: 'workingHours.to' })
  return [...problems, ...zoneProblems(hours, 'workingHours.timezone')]
}

function isWeekday(day: unknown): boolean {
  return typeof day === 'number' && Number.isInteger(day) && day >= 1 && day <= 7
}

function isTime(time: unknown): boolean {
  return typeof time === 'string' && /^(?:[01]?\d|2[0-3]):[0-5]\d$|^24:00$/.test(time)
}

const unitDays: { readonly [U in DelayUnit]: number } = {
  seconds: 1 / 86_400,
  minutes: 1 / 1440,
  hours: 1 / 24,
  days: 1,
}

function delayProblems({ duration, unit }: NodeData): GraphProblem[] {
  return lengthProblems(duration, unit, { units: delayUnits, within: '' })
}

/** So many units of time, of which neither is left out. */
function lengthProblems(
  duration: unknown,
  unit: unknown,
  { units, within }: { readonly units: readonly DelayUnit[]; readonly within: string },
): GraphProblem[] {
  const at = `${within}duration`
  const ofUnit = oneOfProblems(unit, units, `${within}unit`)
  if (isNothing(duration)) return [{ problem: 'required', at }, ...ofUnit]
  if (typeof duration !== 'number') return [{ problem: 'number', at }, ...ofUnit]
  const days = duration * (ofUnit.length > 0 ? 1 : unitDays[unit as DelayUnit])
  const isPossible = duration > 0 && days <= delayDaysMost
  return isPossible ? ofUnit : [{ problem: 'duration', at, mostDays: delayDaysMost }, ...ofUnit]
}

function oneOfProblems(value: unknown, allowed: readonly string[], at: string): GraphProblem[] {
  if (isNothing(value)) return [{ problem: 'required', at }]
  const isAllowed = typeof value === 'string' && allowed.includes(value)
  return isAllowed ? [] : [{ problem: 'oneOf', at, allowed }]
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
