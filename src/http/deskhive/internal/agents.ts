import { z } from 'zod'
import {
  createAgent,
  deleteAgent,
  getAgent,
  isAgentEmailTaken,
  listAgents,
  updateAgent,
  type Agent,
  type AgentFields,
  type AgentFilter,
} from '../../../domain/agents.ts'
import { departments } from '../../../domain/catalog.ts'
import type { Reader, Tx } from '../../../domain/tx.ts'
import { integerId } from '../../../lib/ids.ts'
import { positiveInteger } from '../../../lib/page.ts'
import { withPreparation, type Call, type Endpoint, type Services } from '../../endpoint.ts'
import { asking, partial, read } from '../../fields.ts'
import {
  created,
  deleted,
  list,
  listed,
  pagingOf,
  pagingQuery,
  single,
  told,
  updated,
} from '../envelope.ts'
import {
  email,
  flag,
  optionalPassword,
  optionalText,
  password,
  references,
  text,
} from '../fields.ts'
import { queryFlag } from '../filters.ts'
import { settingsShape } from '../settings.ts'
import { stamps, stampsShape } from './catalog.ts'

const perPage = 15

const creation = z.object({
  name: text(250),
  email: asking(email(250), {
    rule: 'unique',
    holds: (reader, address: string, self) => !isAgentEmailTaken(reader, address, self),
  }),
  password: password(),
  phone: optionalText(50),
  locale: optionalText(10),
  is_active: flag(),
  departments: references(departments.exists),
})

/** What PUT takes: the password alone is optional then (deskhive.md D3). */
const replacement = creation.extend({ password: optionalPassword() })
const changes = partial(replacement)

const shape = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    avatar_url: z.string().nullable(),
    is_active: z.boolean(),
    departments: z.array(z.strictObject({ id: z.int(), name: z.string() })),
    notification_settings: settingsShape,
    ...stampsShape,
  })
  .meta({ id: 'Agent' })

function present(agent: Agent) {
  return {
    id: agent.id,
    name: agent.name,
    email: agent.email ?? '',
    phone: agent.phone,
    locale: agent.locale,
    avatar_url: agent.avatarUrl,
    is_active: agent.isActive,
    departments: agent.departments.map(({ id, name }) => ({ id, name })),
    notification_settings: agent.notificationSettings,
    ...stamps(agent),
  }
}

const common = { tag: 'Agents', takesSecret: true } as const
const changed = { status: 200, shape: told(shape, updated) }

/** deskhive.md section 13. */
export const agents: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/agents',
    scope: 'agents:list',
    tag: 'Agents',
    summary: 'List agents by name',
    query: z.object({
      ...pagingQuery(perPage),
      department_id: z.int().optional(),
      is_active: z.boolean().optional(),
    }),
    answer: { status: 200, shape: list(shape) },
    run({ tx, query }) {
      const paging = pagingOf(query, perPage)
      const filter = filterOf(query)
      const page = filter ? listAgents(tx, filter, paging.range) : { rows: [], total: 0 }
      return { status: 200, body: listed(paging, page, present) }
    },
  },
  withPreparation({
    ...common,
    method: 'POST',
    path: '/agents',
    scope: 'agents:create',
    summary: 'Add an agent',
    body: creation,
    answer: { status: 201, shape: told(shape, created) },
    prepare({ tx, body }, { passwords }) {
      const fields = read(tx, creation, body)
      return () => passwords.hash(fields.password)
    },
    run({ tx, body }, passwordHash) {
      const fields = read(tx, creation, body)
      const { name, email: address } = fields
      const agent = createAgent(tx, { ...fieldsOf(fields, passwordHash), name, email: address })
      return { status: 201, body: { data: present(agent), message: created } }
    },
  }),
  {
    method: 'GET',
    path: '/agents/:id',
    scope: 'agents:read',
    tag: 'Agents',
    summary: 'Read an agent',
    answer: { status: 200, shape: single(shape) },
    run({ tx, params }) {
      return { status: 200, body: { data: present(getAgent(tx, idIn(params))) } }
    },
  },
  withPreparation({
    ...common,
    method: 'PUT',
    path: '/agents/:id',
    scope: 'agents:update',
    summary: 'Change an agent; name and e-mail must be given',
    body: replacement,
    answer: changed,
    prepare: (call, services) => prepareChange(call, services, replacement),
    run: (call, passwordHash) => change(call, replacement, passwordHash),
  }),
  withPreparation({
    ...common,
    method: 'PATCH',
    path: '/agents/:id',
    scope: 'agents:update',
    summary: 'Change an agent; what is left out stays',
    body: changes,
    answer: changed,
    prepare: (call, services) => prepareChange(call, services, changes),
    run: (call, passwordHash) => change(call, changes, passwordHash),
  }),
  {
    method: 'DELETE',
    path: '/agents/:id',
    scope: 'agents:delete',
    tag: 'Agents',
    summary: 'Delete an agent; their tickets and messages stay',
    answer: { status: 200, shape: told(z.null(), deleted) },
    run({ tx, params }) {
      deleteAgent(tx, getAgent(tx, idIn(params)).id)
      return { status: 200, body: { data: null, message: deleted } }
    },
  },
]

/** Undefined when a value is one that no agent has, so that the list is empty (deskhive.md section 4). */
function filterOf(query: URLSearchParams): AgentFilter | undefined {
  const department = query.get('department_id') || undefined
  const active = query.get('is_active') || undefined
  const departmentId = positiveInteger(department ?? null)
  const isActive = active === undefined ? undefined : queryFlag(active)
  const isBad =
    (department !== undefined && departmentId === undefined) ||
    (active !== undefined && isActive === undefined)
  return isBad ? undefined : { departmentId, isActive }
}

type Changes = typeof replacement | typeof changes

function prepareChange(call: Call<Reader>, { passwords }: Services, table: Changes) {
  const { id } = getAgent(call.tx, idIn(call.params))
  const { password: given } = read(call.tx, table, call.body, id)
  return async () => (given === undefined ? undefined : passwords.hash(given))
}

function change(call: Call<Tx>, table: Changes, passwordHash: string | undefined) {
  const { tx, params, body } = call
  const { id } = getAgent(tx, idIn(params))
  const agent = updateAgent(tx, id, fieldsOf(read(tx, table, body, id), passwordHash))
  return { status: 200, body: { data: present(agent), message: updated } }
}

/** The domain's fields; a password goes there only as its hash. */
function fieldsOf(fields: z.output<typeof changes>, passwordHash: string | undefined): AgentFields {
  return {
    name: fields.name,
    email: fields.email,
    passwordHash,
    phone: fields.phone,
    locale: fields.locale,
    isActive: fields.is_active,
    departmentIds: fields.departments,
  }
}

function idIn(params: { readonly [name: string]: string }): number | undefined {
  return integerId(params['id'] ?? '')
}
