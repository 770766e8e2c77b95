import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { exchange, head } from '../support/raw.ts'
import type { CheckResult } from './checks.ts'
import { start } from './server.ts'
import { workFolder } from './shim.ts'

const own = 'desk.northwind.test'

/** What is sent as `Host`; `undefined` is none at all. PORT stands for the server's. */
const strange: readonly (string | undefined)[] = [
  undefined,
  '',
  'x',
  'x:PORT',
  'attacker.example',
  'attacker.example:PORT',
  `${own}.attacker.example`,
  `attacker.${own}`,
  `attacker.example#${own}`,
  `${own}@attacker.example`,
  `attacker.example, ${own}`,
  `${own}:PORT:PORT`,
  `${own}:port`,
  `${own}/`,
  '127.0.0.1.attacker.example',
  '127.0.0.1.nip.example:PORT',
  'localhost.attacker.example',
  'notlocalhost',
  '2130706433',
  '0x7f000001',
  '127.1',
  '[::1',
  '[localhost]',
  '[attacker.example]:PORT',
  '%31%32%37.0.0.1',
  'ｌocalhost',
]

const known: readonly string[] = [
  own,
  `${own}:PORT`,
  own.toUpperCase(),
  `${own}.`,
  'localhost',
  'localhost:PORT',
  '127.0.0.1',
  '127.0.0.1:PORT',
  '[::1]:PORT',
]

/** One of each kind: both contracts, what needs no key, pages, figures, and what is not there. */
const paths = [
  '/api/v1/tickets',
  '/api/v1/internal/tickets',
  '/api/v1/health-check',
  '/docs',
  '/health/live',
  '/health/ready',
  '/metrics',
  '/nothing',
]

/**
 * Only this server's names open it, whatever the path (A11): the configured one, localhost, and addresses, as
 * which no page elsewhere can reach it. Everything else is refused with 400 or 421 before anything is looked at.
 */
export async function proveHosts(binary: string): Promise<CheckResult> {
  const folder = workFolder('hosts')
  const problems: string[] = []
  let tried = 0
  try {
    const settings = `[server]\nhosts = ["${own}"]\n`
    using server = await start({ binary, data: join(folder, 'data'), settings })
    const port = Number(new URL(server.url).port)
    const ask = async (path: string, host: string | undefined, secondHost?: string) => {
      tried++
      const hosts = [host, secondHost].flatMap((one) =>
        one === undefined ? [] : [`Host: ${one.replaceAll('PORT', String(port))}`],
      )
      const key = `Authorization: Bearer ${server.keys.keva}`
      const line = `GET ${path.replaceAll('PORT', String(port))} HTTP/1.1`
      const utf8 = Buffer.from(head(line, ...hosts, key, 'Connection: close'))
      const { answers } = await exchange(port, [utf8])
      return answers[0] ?? { status: 0, body: '' }
    }
    const refuse = async (path: string, host: string | undefined, second?: string) => {
      const { status, body } = await ask(path, host, second)
      if (status !== 400 && status !== 421) problems.push(`${path} of ${host}: ${status}`)
      if (body.includes('"data"')) problems.push(`${path} of ${host} shows something`)
    }
    for (const path of paths) {
      for (const host of strange) await refuse(path, host)
      await refuse(path, own, 'attacker.example')
      await refuse(path, 'attacker.example', own)
    }
    // A target that names the server itself does not outvote a Host that does not.
    for (const host of ['attacker.example', 'x'])
      await refuse(`http://127.0.0.1:PORT/api/v1/tickets`, host)
    for (const host of known) {
      const { status } = await ask('/api/v1/tickets', host)
      if (status !== 200) problems.push(`${host} is answered with ${status}`)
    }
    await server.end('SIGTERM')
    return { figure: `${tried} requests, ${strange.length} strange names`, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
