import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckResult } from './checks.ts'
import { addEndpoint, openTicket, startHooked, until } from './hooks.ts'
import { inspect } from './inspect.ts'
import { workFolder } from './shim.ts'

const hopsMost = 3
const quietMs = 500
const patienceMs = 20_000

/**
 * A receiver that opens a ticket for each ticket that it is told of, as an integration may that knows of hops:
 * each chain ends at its third. An endpoint at the server itself is refused (W12).
 */
export async function proveLoop(binary: string, chains: number): Promise<CheckResult> {
  const folder = workFolder('loop')
  const data = join(folder, 'data')
  const refused: number[] = []
  let calls = 0
  let target: { url: string; key: string } | undefined
  const relay = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      calls++
      const answer = await fetch(`${target?.url}/api/v1/tickets`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${target?.key}`,
          'Content-Type': 'application/json',
          'X-Deskbox-Hops': request.headers.get('x-deskbox-hops') ?? '',
        },
        body: JSON.stringify({ subject: 'Again', customerEmail: 'mara@northwind.test', body: 'x' }),
      })
      if (!answer.ok) refused.push(answer.status)
      return new Response(null)
    },
  })
  try {
    using server = await startHooked({ binary, data }, { timeoutSeconds: 5, scheduleSeconds: [1] })
    target = { url: server.url, key: server.keys.keva }
    const atItself = await addEndpoint(server, `${server.url}/api/v1/tickets`).then(
      () => true,
      () => false,
    )
    await addEndpoint(server, `http://127.0.0.1:${relay.port}/`)
    for (let n = 0; n < chains; n++) await openTicket(server)
    const isOver = await until(() => calls >= chains * hopsMost, patienceMs)
    await Bun.sleep(quietMs)
    await server.end('SIGTERM')
    const tickets = inspect(data, (db) =>
      Number(db.prepare('SELECT count(*) FROM tickets').pluck().get()),
    )
    const problems = [
      ...(atItself ? ['an endpoint at the server itself was made'] : []),
      ...(isOver && calls === chains * hopsMost ? [] : [`${calls} calls of ${chains} chains`]),
      ...(tickets === chains * hopsMost ? [] : [`${tickets} tickets of ${chains} chains`]),
      ...(refused.length === chains ? [] : [`${refused.length} chains ended by a refusal`]),
    ]
    return { figure: `${chains} chains, ${tickets} tickets, ${refused.length} refused`, problems }
  } finally {
    void relay.stop(true)
    rmSync(folder, { recursive: true, force: true })
  }
}
