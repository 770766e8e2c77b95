import { z } from 'zod'
import { accessTokenSeconds } from '../../domain/accesstokens.ts'
import { Fault } from '../../domain/errors.ts'
import {
  liveSession,
  openSession,
  refreshSession,
  revokeSession,
  type Audience,
  type OpenSession,
} from '../../domain/sessions.ts'
import { emailCharactersMax } from '../../lib/email.ts'
import { secondMs, type Millis } from '../../lib/time.ts'
import { withPreparation, type Answer, type Endpoint } from '../endpoint.ts'
import { read } from '../fields.ts'
import { agentTold, created, deleted, told, updated } from './envelope.ts'
import { email, exactText } from './fields.ts'

const passwordCharactersMax = 1000
const tokenCharactersMax = 250

const credentials = z.object({
  email: email(emailCharactersMax),
  password: exactText(passwordCharactersMax),
})

const renewal = z.object({ refresh_token: exactText(tokenCharactersMax) })

const shape = z
  .strictObject({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int(),
    refresh_token: z.string(),
    refresh_expires_in: z.int(),
    user: z.strictObject({ id: z.int(), name: z.string(), email: z.string().nullable() }),
  })
  .meta({ id: 'Session' })

function present({ session, refreshToken, refreshExpiresAt }: OpenSession, more: Shown) {
  return {
    access_token: more.accessToken,
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    refresh_token: refreshToken,
    refresh_expires_in: Math.floor((refreshExpiresAt - more.now) / secondMs),
    user: { id: session.staffId, name: session.name, email: session.email },
  }
}

type Shown = { readonly accessToken: string; readonly now: Millis }

/** Signing in and out of a group: ours, no part of the contract. Each group has its own envelope. */
const envelopes = {
  internal: { told, ok: {} },
  external: { told: agentTold, ok: { status: true } },
} as const

/** The session rows of a group: admins sign in to the internal one, agents to the external one. */
export function session(audience: Audience): readonly Endpoint[] {
  const { told: shaped, ok } = envelopes[audience]
  const answer = (status: number, data: object | null, message: string): Answer => ({
    status,
    body: { ...ok, data, message },
  })
  return [
    withPreparation({
      method: 'POST',
      path: '/session',
      scope: null,
      access: 'public',
      tag: 'Session',
      summary: 'Sign in by e-mail address and password',
      body: credentials,
      answer: { status: 201, shape: shaped(shape, created) },
      prepare: ({ tx, body }, { signIns }, visit) =>
        signIns.check(tx, visit, { audience, ...read(tx, credentials, body) }),
      run({ tx }, signedIn) {
        const open = signedIn && openSession(tx, { ...signedIn, audience })
        if (!open) throw new Fault('unauthenticated', 'credentials')
        const { accessToken } = signedIn
        return answer(201, present(open, { accessToken, now: tx.now }), created)
      },
    }),
    withPreparation({
      method: 'POST',
      path: '/session/refresh',
      scope: null,
      access: 'public',
      tag: 'Session',
      summary: 'Swap a refresh token for new tokens; one that was used before ends its session',
      body: renewal,
      answer: { status: 200, shape: shaped(shape, updated) },
      prepare: ({ tx, body }, { signIns }) =>
        signIns.renew(tx, audience, read(tx, renewal, body).refresh_token),
      run({ tx, body }, accessToken) {
        const raw = read(tx, renewal, body).refresh_token
        const open = accessToken === null ? undefined : refreshSession(tx, audience, raw)
        // Returned, not thrown: what a reuse revoked stays revoked.
        if (accessToken === null || !open) return new Fault('unauthenticated', 'session')
        return answer(200, present(open, { accessToken, now: tx.now }), updated)
      },
    }),
    {
      method: 'DELETE',
      path: '/session',
      scope: null,
      access: 'person',
      tag: 'Session',
      summary: 'Sign out: the session of the access token ends',
      answer: { status: 200, shape: shaped(z.null(), deleted) },
      run({ tx, caller }) {
        const own = liveSession(tx, audience, caller?.session?.uid ?? '')
        if (!own) throw new Fault('unauthenticated', 'session')
        revokeSession(tx, own, 'sign_out')
        return answer(200, null, deleted)
      },
    },
  ]
}
