// The rows that every endpoint of a dialect has alike.

import type { Row } from '../support/contract.ts'

/** No key, an unknown one, one of the other contract, and one without the scope (keva.md 2.5). */
export function kevaRefusals(line: string, scopeless: 'kevaReader' | 'kevaWriter'): Row[] {
  const refused = (name: string, row: Pick<Row, 'key'>, error: string): Row => ({
    name,
    call: line,
    given: [],
    ...row,
    status: 401,
    reply: { error },
  })
  return [
    refused('refuses no key', { key: null }, 'Missing or invalid Authorization header'),
    refused(
      'refuses an unknown key',
      { key: { raw: `keva_live_${'0'.repeat(64)}` } },
      'Invalid API key',
    ),
    refused('refuses a DeskHive key by its form', { key: 'special' }, 'Invalid API key format'),
    {
      name: 'refuses a key without the scope, before it looks for the record',
      call: line,
      given: [],
      key: scopeless,
      status: 403,
      reply: { error: 'Insufficient scope' },
    },
  ]
}

const invalidKey = { status: 401, reply: { message: 'Invalid API key' } }
const missingKey = { status: 400, reply: { message: 'Missing header: X-API-KEY' } }

/** No key, unknown, of the other group or contract, and without the scope (deskhive.md 2.1). */
export function internalRefusals(line: string): Row[] {
  const common = { call: line, given: [] }
  return [
    { ...common, ...missingKey, name: 'refuses no key', key: null },
    { ...common, ...invalidKey, name: 'refuses an unknown key', key: { raw: 'nobody' } },
    { ...common, ...invalidKey, name: 'refuses an external key', key: 'agent' },
    { ...common, ...invalidKey, name: 'refuses a Keva key', key: 'keva' },
    {
      ...common,
      name: 'refuses a key without the scope, before it looks for the record',
      key: 'plain',
      status: 403,
      reply: { message: 'Forbidden scope' },
    },
  ]
}

/** No key, unknown, of the other group or contract, and without an agent who works (2.3). */
export function externalRefusals(line: string): Row[] {
  const common = { call: line, given: [] }
  const noAgent = { status: 401, reply: { message: 'Unauthorized' } }
  return [
    { ...common, ...missingKey, name: 'refuses no key', key: null },
    { ...common, ...invalidKey, name: 'refuses an unknown key', key: { raw: 'nobody' } },
    { ...common, ...invalidKey, name: 'refuses an internal key', key: 'special' },
    { ...common, ...invalidKey, name: 'refuses a Keva key', key: 'keva' },
    { ...common, ...noAgent, name: 'refuses a key without an agent', key: 'agentless' },
    { ...common, ...noAgent, name: 'refuses a key of an inactive agent', key: 'inactiveAgent' },
  ]
}
