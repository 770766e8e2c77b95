// People who sign in, and what they get for it.

import { findAccount, openSession, type Audience } from '../../src/domain/sessions.ts'
import { createStaff } from '../../src/domain/staff.ts'
import { mintKey } from '../../src/security/apikey.ts'
import { updateStaff } from '../../src/store/staff.ts'
import { seededRandom, staff, type TestApp } from './harness.ts'
import { call, type Answered, type Sending } from './send.ts'

export const groups = ['internal', 'external'] as const

/** The password of everybody, and its hash at the least cost. */
export const password = ' correct horse battery '
export const passwordHash = await Bun.password.hash(password, {
  algorithm: 'argon2id',
  memoryCost: 8,
  timeCost: 1,
})

/** Who signs in to each group: Ada, an admin who is added, and Tomas, the agent that is there. */
export const people = {
  internal: { id: 5, name: 'Ada Blom', email: 'ada@northwind.test' },
  external: { id: staff.tomas, name: 'Tomas Berg', email: 'tomas@northwind.test' },
} as const satisfies { readonly [A in Audience]: object }

/** Adds Ada, and gives both their password. */
export async function withPasswords(app: TestApp): Promise<void> {
  const { name, email } = people.internal
  await app.write((tx) => {
    createStaff(tx, { role: 'admin', name, email })
    for (const { id } of Object.values(people)) updateStaff(tx.q, id, { passwordHash })
  })
}

export type Tokens = {
  readonly access_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly refresh_expires_in: number
}

export function tokensIn(answer: Answered): Tokens {
  return (answer.body as { data: Tokens }).data
}

export function signInBody(group: Audience) {
  return { email: people[group].email, password }
}

/** Tries to sign in; `fields` replace what is right. */
export function trySignIn(
  app: TestApp,
  group: Audience,
  fields: object = {},
  sending: Sending = {},
): Promise<Answered> {
  const body = { ...signInBody(group), ...fields }
  return call(app, `POST /api/v1/${group}/session`, { ...sending, body })
}

export async function signIn(app: TestApp, group: Audience): Promise<Tokens> {
  const answer = await trySignIn(app, group)
  if (answer.status !== 201) throw new Error(`Nobody is signed in: ${answer.text}`)
  return tokensIn(answer)
}

export function refresh(app: TestApp, group: Audience, token: string): Promise<Answered> {
  const body = { refresh_token: token }
  return call(app, `POST /api/v1/${group}/session/refresh`, { body })
}

/** Signs both in; their access tokens are `{internalToken}` and `{externalToken}`. */
export async function signedIn(app: TestApp): Promise<void> {
  await withPasswords(app)
  for (const group of groups) {
    app.named.set(`${group}Token`, (await signIn(app, group)).access_token)
  }
}

/** What opens a group as its person, after `signedIn`. */
export const asPerson = {
  internal: { bearer: '{internalToken}' },
  external: { bearer: '{externalToken}' },
} as const

const seeds = { internal: 11, external: 12 } as const

/** The refresh token of the session that `knownSessions` opens. */
export function knownRefreshToken(group: Audience): string {
  return mintKey('refresh', seededRandom(seeds[group])).raw
}

/** Opens a session of each, after `withPasswords`, whose refresh token is known beforehand. */
export async function knownSessions(app: TestApp): Promise<void> {
  await app.write((tx) => {
    for (const audience of groups) {
      const account = findAccount(tx, audience, people[audience].email)
      if (!account) throw new Error('There is no such account')
      const known = { ...tx, random: seededRandom(seeds[audience]) }
      openSession(known, { uid: tx.uid(), audience, account, userAgent: null })
    }
  })
}
