import { ticketPriorities } from '../store/schema.ts'
import { actionTypes, type ActionType, type GraphProblem, type NodeData } from './workflowgraph.ts'

// What each action must be told (keva.md 8.5). A text with `{{…}}` in it is known only when it is filled, so it
// may be anything.

type Config = { readonly [name: string]: unknown }

/** What an action lacks, or has that cannot be. */
export function actionFaults({ actionType, config = {} }: NodeData): GraphProblem[] {
  if (actionType === undefined || actionType === '') {
    return [{ problem: 'required', at: 'actionType' }]
  }
  if (!isActionType(actionType)) {
    return [{ problem: 'oneOf', at: 'actionType', allowed: actionTypes }]
  }
  if (!isObject(config)) return [{ problem: 'object', at: 'config' }]
  return needs[actionType].flatMap((check) => check(config))
}

type Check = (config: Config) => GraphProblem[]

const statusWords = ['open', 'pending', 'solved', 'closed']
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

const needs: { readonly [A in ActionType]: readonly Check[] } = {
  set_status: [word(statusWords, 'status', 'value')],
  set_priority: [word(ticketPriorities, 'priority', 'value')],
  assign_to: [assignee('assignee', 'assignedTo', 'userId', 'value')],
  add_tags: [tags('tags', 'tag', 'value')],
  remove_tags: [tags('tags', 'tag', 'value')],
  add_internal_note: [text('content', 'note', 'body')],
  send_reply: [text('content', 'body', 'message')],
  send_email: [text('to', 'email'), text('subject'), text('body', 'content', 'message')],
  send_slack_message: [text('message', 'text', 'content'), optionalName('saveAs')],
  send_teams_message: [text('message', 'text', 'content'), optionalName('saveAs')],
  send_webhook: [url('url'), optionalWord(methods, 'method'), optionalName('saveAs')],
  generate_ai_response: [text('promptTemplate', 'prompt'), optionalName('saveAs')],
  classify_ticket: [optionalName('saveAs')],
  execute_connector_action: [text('platform'), text('actionId', 'action'), optionalName('saveAs')],
}

/** The first of these members that is there, by the name that it should have. */
function given(config: Config, [name, ...others]: readonly string[]): unknown {
  const values = [name ?? '', ...others].map((one) => config[one])
  return values.find((value) => value !== undefined && value !== null && value !== '')
}

function at([name = '']: readonly string[]): string {
  return `config.${name}`
}

/** A text of these members; the first name is the one that is asked for. */
function text(...names: string[]): Check {
  return (config) => {
    const value = given(config, names)
    if (value === undefined) return [{ problem: 'required', at: at(names) }]
    return typeof value === 'string' ? [] : [{ problem: 'text', at: at(names) }]
  }
}

function word(allowed: readonly string[], ...names: string[]): Check {
  return (config) => {
    const value = given(config, names)
    if (value === undefined) return [{ problem: 'required', at: at(names) }]
    const isAllowed = typeof value === 'string' && (allowed.includes(value) || isFilled(value))
    return isAllowed ? [] : [{ problem: 'oneOf', at: at(names), allowed }]
  }
}

function optionalWord(allowed: readonly string[], name: string): Check {
  return (config) => {
    const value = given(config, [name])
    if (value === undefined) return []
    const isAllowed = typeof value === 'string' && allowed.includes(value.toUpperCase())
    return isAllowed ? [] : [{ problem: 'oneOf', at: at([name]), allowed }]
  }
}

function optionalName(name: string): Check {
  return (config) => {
    const value = given(config, [name])
    return value === undefined || typeof value === 'string'
      ? []
      : [{ problem: 'text', at: at([name]) }]
  }
}

function assignee(...names: string[]): Check {
  return (config) => {
    const value = given(config, names)
    if (value === undefined) return [{ problem: 'required', at: at(names) }]
    const isOne =
      typeof value === 'string' && (/^(?:ai|unassigned|user_.+)$/.test(value) || isFilled(value))
    return isOne ? [] : [{ problem: 'assignee', at: at(names) }]
  }
}

/** A list of texts, or one text with commas. */
function tags(...names: string[]): Check {
  return (config) => {
    const value = given(config, names)
    if (value === undefined) return [{ problem: 'required', at: at(names) }]
    const listed: unknown[] = Array.isArray(value) ? value : [value]
    if (listed.length === 0) return [{ problem: 'required', at: at(names) }]
    const areTexts = listed.every((one) => typeof one === 'string' && one.trim() !== '')
    return areTexts ? [] : [{ problem: 'list', at: at(names) }]
  }
}

function url(name: string): Check {
  return (config) => {
    const value = given(config, [name])
    if (value === undefined) return [{ problem: 'required', at: at([name]) }]
    const isUrl = typeof value === 'string' && (isFilled(value) || isHttp(value))
    return isUrl ? [] : [{ problem: 'url', at: at([name]) }]
  }
}

function isHttp(value: string): boolean {
  return /^https?:$/.test(URL.parse(value)?.protocol ?? '')
}

/** Whether a text has places that are filled when the action is done. */
function isFilled(value: string): boolean {
  return value.includes('{{')
}

function isActionType(value: unknown): value is ActionType {
  return typeof value === 'string' && (actionTypes as readonly string[]).includes(value)
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
