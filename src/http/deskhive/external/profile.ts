import { z } from 'zod'
import { getAgent, updateAgent, type Agent } from '../../../domain/agents.ts'
import type { Tx } from '../../../domain/tx.ts'
import { isoSeconds } from '../../../lib/time.ts'
import type { Call, Endpoint, WriteEndpoint } from '../../endpoint.ts'
import { read } from '../../fields.ts'
import { agentSingle, agentTold, updated } from '../envelope.ts'
import { givenText, optionalText } from '../fields.ts'
import { optionalSettings, settingsShape } from '../settings.ts'
import { date } from '../shapes.ts'
import { agentIdOf } from './own.ts'

const changes = z.object({
  name: givenText(250),
  phone: optionalText(50),
  locale: optionalText(10),
  notification_settings: optionalSettings(),
})

/** The nine keys of deskhive.md 23.1. */
const shape = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    email: z.string(),
    phone: z.string().nullable(),
    locale: z.string().nullable(),
    avatar_url: z.string().nullable(),
    notification_settings: settingsShape,
    is_active: z.boolean(),
    created_at: date,
  })
  .meta({ id: 'Profile' })

function present(agent: Agent) {
  return {
    id: agent.id,
    name: agent.name,
    email: agent.email ?? '',
    phone: agent.phone,
    locale: agent.locale,
    avatar_url: agent.avatarUrl,
    notification_settings: agent.notificationSettings,
    is_active: agent.isActive,
    created_at: isoSeconds(agent.createdAt),
  }
}

/** deskhive.md 23.1: PUT requires nothing, so PATCH is the same. */
export const profile: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/profile',
    scope: null,
    tag: 'Profile',
    summary: "Read the agent's own profile",
    answer: { status: 200, shape: agentSingle(shape) },
    run: (call) => ({
      status: 200,
      body: { status: true, data: present(getAgent(call.tx, agentIdOf(call))) },
    }),
  },
  ...(['PUT', 'PATCH'] as const).map((method): WriteEndpoint => ({
    method,
    path: '/profile',
    scope: null,
    tag: 'Profile',
    summary: "Change the agent's own profile; what is left out stays",
    body: changes,
    answer: { status: 200, shape: agentTold(shape, updated) },
    run: changeProfile,
  })),
]

function changeProfile(call: Call<Tx>) {
  const { notification_settings: notificationSettings, ...same } = read(call.tx, changes, call.body)
  const agent = updateAgent(call.tx, agentIdOf(call), { ...same, notificationSettings })
  return { status: 200, body: { status: true, data: present(agent), message: updated } }
}
