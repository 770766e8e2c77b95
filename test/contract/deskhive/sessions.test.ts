import { describe, expect, test } from 'bun:test'
import {
  findAccount,
  openSession,
  revokeSessionsOf,
  type Account,
  type Audience,
} from '../../../src/domain/sessions.ts'
import { createStaff, updateStaff } from '../../../src/domain/staff.ts'
import { contract, expectCommonHeaders, type Row } from '../../support/contract.ts'
import { openTestApp, type TestApp } from '../../support/harness.ts'
import { keyPattern } from '../../support/keys.ts'
import { expectDocumented } from '../../support/openapi.ts'
import {
  asPerson,
  groups,
  knownRefreshToken,
  knownSessions,
  people,
  refresh,
  signedIn,
  signIn,
  signInBody,
  tokensIn,
  trySignIn,
  withPasswords,
} from '../../support/people.ts'
import { call } from '../../support/send.ts'

// Signing in and out of both groups: ours, no part of deskhive.md.

const dayMs = 86_400_000
const mismatch = {
  status: 401,
  reply: { message: 'These credentials do not match our records.' },
}
const unauthenticated = { status: 401, reply: { message: 'Unauthenticated.' } }

const ok = { internal: {}, external: { status: true } } as const
const wholeRefreshToken = new RegExp(`^${keyPattern.refresh.source}$`)

function opened(group: Audience, message: string) {
  return {
    ...ok[group],
    data: {
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 900,
      refresh_token: expect.stringMatching(wholeRefreshToken),
      refresh_expires_in: 30 * 86_400,
      user: people[group],
    },
    message,
  }
}

const other = { internal: 'external', external: 'internal' } as const

for (const group of groups) {
  const signInLine = `POST /api/v1/${group}/session`
  const given = withPasswords

  contract(signInLine, { call: signInLine, given }, [
    {
      name: 'opens a session and announces it',
      body: signInBody(group),
      status: 201,
      reply: opened(group, 'Created successfully'),
      events: ['session.created'],
      after(app) {
        expect(app.eventsAfter(0).at(-1)).toMatchObject({
          actorKind: 'staff',
          actorStaffId: people[group].id,
          actorKeyId: null,
          ipAddress: '192.0.2.7',
        })
        expect(sessionRows(app)).toMatchObject([
          { staff_id: people[group].id, audience: group, ip_address: '192.0.2.7' },
        ])
      },
    },
    {
      name: 'takes the address in any case, and a form as well as JSON',
      body: new URLSearchParams({
        ...signInBody(group),
        email: people[group].email.toUpperCase(),
      }),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 201,
      reply: opened(group, 'Created successfully'),
      events: ['session.created'],
    },
    {
      name: 'collects every issue, in declared order',
      body: { email: 'nobody' },
      status: 422,
      reply: {
        message: 'The email field must be a valid email address. (and 1 more error)',
        errors: {
          email: ['The email field must be a valid email address.'],
          password: ['The password field is required.'],
        },
      },
    },
    {
      name: 'takes no password of more than a thousand characters',
      body: { ...signInBody(group), password: 'x'.repeat(1001) },
      status: 422,
      reply: {
        message: 'The password field must not be greater than 1000 characters.',
        errors: { password: ['The password field must not be greater than 1000 characters.'] },
      },
    },
    ...refusedSignIns(group),
  ])

  const refreshLine = `POST /api/v1/${group}/session/refresh`
  const known = { refresh_token: knownRefreshToken(group) }

  contract(refreshLine, { call: refreshLine, given: [withPasswords, knownSessions] }, [
    {
      name: 'gives the next tokens, and announces nothing',
      body: known,
      status: 200,
      reply: opened(group, 'Updated successfully'),
    },
    {
      name: 'asks for a token',
      body: {},
      status: 422,
      reply: {
        message: 'The refresh token field is required.',
        errors: { refresh_token: ['The refresh token field is required.'] },
      },
    },
    {
      ...unauthenticated,
      name: 'refuses a token that comes again, and ends the session',
      given: [withPasswords, knownSessions, { call: refreshLine, key: null, body: known }],
      body: known,
      events: ['session.revoked'],
      after(app) {
        const { body } = app.eventsAfter(0).at(-1) ?? { body: '{}' }
        expect(JSON.parse(body)).toMatchObject({ staffId: people[group].id, reason: 'reuse' })
      },
    },
    ...[
      ['one that was never given', `deskbox_ref_${'0'.repeat(36)}`],
      ['one of the other group', knownRefreshToken(other[group])],
      ['an API key', 'deskbox_int_x'],
      ['one with a letter off', knownRefreshToken(group).slice(0, -1) + '!'],
    ].map(([name, token]): Row => ({
      ...unauthenticated,
      name: `refuses ${name}, and changes nothing`,
      body: { refresh_token: token },
    })),
  ])

  const signOutLine = `DELETE /api/v1/${group}/session`
  const person = asPerson[group]

  contract(signOutLine, { call: signOutLine, key: person, given: signedIn }, [
    {
      name: 'ends the session at once, and announces it',
      status: 200,
      reply: { ...ok[group], data: null, message: 'Deleted successfully' },
      events: ['session.revoked'],
      async after(app) {
        const again = await call(app, signOutLine, { key: person })
        expect([again.status, again.body]).toEqual([401, unauthenticated.reply])
        expect(JSON.parse(app.eventsAfter(0).at(-1)?.body ?? '')).toMatchObject({
          staffId: people[group].id,
          audience: group,
          reason: 'sign_out',
        })
      },
    },
    {
      name: 'refuses no header in the words of the contract',
      key: null,
      status: 400,
      reply: { message: 'Missing header: X-API-KEY' },
    },
    { ...unauthenticated, name: 'refuses a key, which has no session', key: keyOf(group) },
    { ...unauthenticated, name: 'refuses the other group’s token', key: asPerson[other[group]] },
    {
      name: 'holds whoever sends a key as well to the key',
      headers: { 'x-api-key': 'nobody' },
      status: 401,
      reply: { message: 'Invalid API key' },
    },
  ])
}

function keyOf(group: Audience) {
  return group === 'internal' ? 'special' : 'agent'
}

function refusedSignIns(group: Audience): Row[] {
  const { id } = people[group]
  const without = (change: string) => [
    withPasswords,
    (app: TestApp) => app.sql(`UPDATE staff SET ${change} WHERE id = ${id}`),
  ]
  const row = (name: string, more: Partial<Row>): Row => ({
    ...mismatch,
    name: `refuses ${name}, and changes nothing`,
    body: signInBody(group),
    ...more,
  })
  return [
    row('a wrong password', { body: { ...signInBody(group), password: 'x' } }),
    row('the password without its blanks', {
      body: { ...signInBody(group), password: signInBody(group).password.trim() },
    }),
    row('an address that nobody has', {
      body: { ...signInBody(group), email: 'nobody@northwind.test' },
    }),
    row('the people of the other group', { body: signInBody(other[group]) }),
    row('who may not act any more', { given: without('is_active = 0') }),
    row('who has no password', { given: without('password_hash = NULL') }),
  ]
}

function sessionRows(app: TestApp): { readonly [column: string]: unknown }[] {
  return JSON.parse(app.dump().get('sessions') ?? '[]') as { [column: string]: unknown }[]
}

/** What the group answers to an access token: 200 while it counts. */
async function statusOf(app: TestApp, group: Audience, token: string): Promise<number> {
  const answer = await call(app, `GET /api/v1/${group}/tickets`, { key: { bearer: token } })
  await expectDocumented(answer.request, answer)
  expectCommonHeaders(answer)
  return answer.status
}

async function openSignIns(): Promise<TestApp> {
  const app = await openTestApp()
  await withPasswords(app)
  return app
}

describe.each(groups)('a session of the %s group', (group) => {
  test('opens the group for fifteen minutes, and not a second longer', async () => {
    using app = await openSignIns()
    const { access_token: token } = await signIn(app, group)
    app.advance(899_999)
    expect(await statusOf(app, group, token)).toBe(200)
    app.advance(1)
    expect(await statusOf(app, group, token)).toBe(401)
  })

  test('goes on by refresh tokens, each for thirty days, for ninety days in all', async () => {
    using app = await openSignIns()
    let tokens = await signIn(app, group)
    const lives: number[] = []
    for (let n = 0; n < 3; n++) {
      app.advance(30 * dayMs - 1)
      tokens = tokensIn(await refresh(app, group, tokens.refresh_token))
      expect(await statusOf(app, group, tokens.access_token)).toBe(200)
      lives.push(tokens.refresh_expires_in)
    }
    expect(lives).toEqual([30 * 86_400, 30 * 86_400, 0])
    app.advance(3)
    expect((await refresh(app, group, tokens.refresh_token)).status).toBe(401)
    expect(await statusOf(app, group, tokens.access_token)).toBe(401)
  })

  test('cannot be refreshed thirty days after it was last', async () => {
    using app = await openSignIns()
    const { refresh_token: token } = await signIn(app, group)
    app.advance(30 * dayMs)
    expect((await refresh(app, group, token)).status).toBe(401)
  })

  test('ends for both when a used refresh token comes again', async () => {
    using app = await openSignIns()
    const first = await signIn(app, group)
    const second = tokensIn(await refresh(app, group, first.refresh_token))
    expect(second.refresh_token).not.toBe(first.refresh_token)
    expect((await refresh(app, group, first.refresh_token)).status).toBe(401)
    for (const { access_token: token } of [first, second]) {
      expect(await statusOf(app, group, token)).toBe(401)
    }
    expect((await refresh(app, group, second.refresh_token)).status).toBe(401)
  })

  test('is refreshed by one of two at the same instant, and the other one ends it', async () => {
    using app = await openSignIns()
    const { refresh_token: token } = await signIn(app, group)
    const answers = await Promise.all([refresh(app, group, token), refresh(app, group, token)])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 401]))
    const won = answers.find(({ status }) => status === 200)
    if (!won) throw new Error('Nobody won')
    expect(await statusOf(app, group, tokensIn(won).access_token)).toBe(401)
  })

  const changes: readonly [string, string | null, number][] = [
    ['deactivation', 'is_active = 0', 401],
    ['another role', `role = '${group === 'internal' ? 'agent' : 'admin'}'`, 401],
    ['another name', "name = 'Somebody'", 200],
    ['signing out everywhere', null, 401],
  ]

  test.each(changes)('after %s is what it should be at once', async (_, change, status) => {
    using app = await openSignIns()
    const { id } = people[group]
    const one = await signIn(app, group)
    const two = await signIn(app, group)
    if (change === null) await app.write((tx) => revokeSessionsOf(tx, id))
    else app.sql(`UPDATE staff SET ${change} WHERE id = ${id}`)
    for (const { access_token: token, refresh_token: renewal } of [one, two]) {
      expect(await statusOf(app, group, token)).toBe(status)
      expect((await refresh(app, group, renewal)).status).toBe(status)
    }
  })

  test('ends when the password changes, the same one included, and is told of', async () => {
    using app = await openSignIns()
    const { id } = people[group]
    const { access_token: token, refresh_token: renewal } = await signIn(app, group)
    const before = app.lastSequence()
    await app.write((tx) => updateStaff(tx, id, { passwordHash: 'another' }))
    const events = app.eventsAfter(before).map(({ type }) => type)
    expect(events).toEqual(['session.revoked', 'staff.updated'])
    expect(await statusOf(app, group, token)).toBe(401)
    expect((await refresh(app, group, renewal)).status).toBe(401)
  })

  test('does not come back with its person', async () => {
    using app = await openSignIns()
    const { id } = people[group]
    await app.write((tx) => createStaff(tx, { role: 'admin', name: 'Second', email: 's@x.test' }))
    const { access_token: token } = await signIn(app, group)
    for (const isActive of [false, true]) {
      await app.write((tx) => updateStaff(tx, id, { isActive }))
      expect(await statusOf(app, group, token)).toBe(401)
    }
  })

  test('does not end with another name', async () => {
    using app = await openSignIns()
    const { access_token: token } = await signIn(app, group)
    await app.write((tx) => updateStaff(tx, people[group].id, { name: 'Somebody' }))
    expect(await statusOf(app, group, token)).toBe(200)
  })

  test('is gone with its person', async () => {
    using app = await openSignIns()
    const { access_token: token, refresh_token: renewal } = await signIn(app, group)
    app.sql(`DELETE FROM staff WHERE id = ${people[group].id}`)
    expect(await statusOf(app, group, token)).toBe(401)
    expect((await refresh(app, group, renewal)).status).toBe(401)
    expect(sessionRows(app)).toEqual([])
  })

  test('does not end when another one of the person does', async () => {
    using app = await openSignIns()
    const one = await signIn(app, group)
    const two = await signIn(app, group)
    const key = { bearer: one.access_token }
    expect((await call(app, `DELETE /api/v1/${group}/session`, { key })).status).toBe(200)
    expect(await statusOf(app, group, one.access_token)).toBe(401)
    expect(await statusOf(app, group, two.access_token)).toBe(200)
  })

  test('is one of fifty at most: the oldest ends when one more is opened', async () => {
    using app = await openSignIns()
    const first = await signIn(app, group)
    const second = await signIn(app, group)
    for (let n = 2; n < 51; n++) await signIn(app, group)
    expect(await statusOf(app, group, first.access_token)).toBe(401)
    expect(await statusOf(app, group, second.access_token)).toBe(200)
    const revoked = app.eventsAfter(0).filter(({ type }) => type === 'session.revoked')
    expect(revoked.map(({ body }) => (JSON.parse(body) as { reason: string }).reason)).toEqual([
      'too_many',
    ])
  })

  test('leaves no token in the database, in the log or in an event', async () => {
    using app = await openSignIns()
    const first = await signIn(app, group)
    const second = tokensIn(await refresh(app, group, first.refresh_token))
    const kept = [...app.dump().values(), JSON.stringify(app.logged)].join('\n')
    for (const { access_token: access, refresh_token: renewal } of [first, second]) {
      expect([kept.includes(access), kept.includes(renewal)]).toEqual([false, false])
      expect(app.store.snapshot().includes(renewal)).toBe(false)
    }
  })

  test('keeps what the browser calls itself, cut and whole', async () => {
    using app = await openSignIns()
    await trySignIn(app, group, {}, { headers: { 'user-agent': 'x'.repeat(4000) } })
    expect(sessionRows(app)).toMatchObject([{ user_agent: 'x'.repeat(250) }])
  })

  test('has the limit of its person, whatever the session', async () => {
    const rates = { kevaPerMinute: 100, supportDeskPerMinute: 5, unauthenticatedPerMinute: 60 }
    using app = await openTestApp({ rates })
    await withPasswords(app)
    const tokens = [await signIn(app, group), await signIn(app, group)]
    const statuses: number[] = []
    for (let n = 0; n < 6; n++) {
      statuses.push(await statusOf(app, group, tokens[n % 2]?.access_token ?? ''))
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
    const byKey = await call(app, `GET /api/v1/${group}/tickets`, { key: keyOf(group) })
    expect(byKey.status).toBe(200)
  })
})

test.each([
  ['password', "password_hash = 'another'"],
  ['role', "role = 'agent'"],
  ['leave to act', 'is_active = 0'],
])('a %s that changes while a password is checked opens nothing', async (_, change) => {
  using app = await openSignIns()
  const { email } = people.internal
  const account = app.read<Account | undefined>((reader) => findAccount(reader, 'internal', email))
  if (!account) throw new Error('There is no such account')
  app.sql(`UPDATE staff SET ${change} WHERE id = ${people.internal.id}`)
  const fields = { uid: '0'.repeat(26), audience: 'internal', account, userAgent: null } as const
  expect(await app.write((tx) => openSession(tx, fields) ?? null)).toBeNull()
  expect(sessionRows(app)).toEqual([])
})
