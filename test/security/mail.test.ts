import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mailClient } from '../../src/security/mail.ts'

// A server that speaks as much SMTP as a client needs to hear, in the open, on this machine.

let lines: string[]
let answers: { [verb: string]: string }
let server: ReturnType<typeof listen>

function listen() {
  return Bun.listen<{ isData: boolean }>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        socket.data = { isData: false }
        socket.write('220 mail.test ESMTP\r\n')
      },
      data(socket, bytes) {
        for (const line of bytes.toString().split('\r\n')) {
          if (line === '') continue
          lines.push(line)
          if (socket.data.isData) {
            if (line !== '.') continue
            socket.data.isData = false
            socket.write('250 2.0.0 queued\r\n')
            continue
          }
          const verb = line.split(' ')[0]?.toUpperCase() ?? ''
          socket.data.isData = verb === 'DATA' && answers['DATA'] === undefined
          socket.write(answers[verb] ?? (verb === 'DATA' ? '354 go on\r\n' : '250 mail.test\r\n'))
        }
      },
    },
  })
}

beforeEach(() => {
  lines = []
  answers = {}
  server = listen()
})
afterEach(() => server.stop(true))

function send(isPlainAllowed = true, port = server.port) {
  const where = { host: '127.0.0.1', port, isTls: false, isPlainAllowed, user: '', password: '' }
  const client = mailClient({ ...where, from: 'Desk <desk@northwind.test>', timeoutMs: 2000 })
  return client({ id: 'u1', to: ['mara@example.com'], subject: 'Grüße', text: 'Hello\n.\nthere' })
}

test('hands mail over, under an id that stays', async () => {
  expect(await send()).toBeNull()
  expect(await send()).toBeNull()
  expect(lines).toContain('RCPT TO:<mara@example.com>')
  expect(lines.filter((line) => line.startsWith('Message-ID:'))).toEqual([
    'Message-ID: <u1@northwind.test>',
    'Message-ID: <u1@northwind.test>',
  ])
  expect(lines.some((line) => line.startsWith('Subject: =?UTF-8?'))).toBe(true)
})

test('hands nothing over in the open unless that is allowed', async () => {
  expect(await send(false)).toMatchObject({ isFinal: false })
  expect(lines.some((line) => line.startsWith('MAIL'))).toBe(false)
})

test.each<[string, string, boolean]>([
  ['MAIL', '550 no\r\n', true],
  ['RCPT', '550 unknown\r\n', true],
  ['DATA', '451 later\r\n', false],
])('%s answered %p is for good: %p', async (verb, answer, isFinal) => {
  answers[verb] = answer
  expect(await send()).toMatchObject({ isFinal })
})

test('may be tried again when nobody listens', async () => {
  const { port } = server
  server.stop(true)
  expect(await send(true, port)).toMatchObject({ isFinal: false })
})
