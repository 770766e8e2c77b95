import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { start } from '../prove/server.ts'

// A fault in code that nobody waits for, planted into a server that runs from its source.

const main = resolve(import.meta.dir, '../../src/main.ts')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deskbox-fault-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  ['a promise', "void Promise.reject(new Error('planted'))"],
  ['a timer', "setTimeout(() => { throw new Error('planted') })"],
])(
  'a fault in %s that nobody catches ends the server in order, and is told',
  async (name, fault) => {
    const planted = join(folder, 'planted.ts')
    writeFileSync(planted, `process.on('SIGUSR2', () => { ${fault} })`)
    const data = join(folder, name)
    const through = [process.execPath, '--preload', planted]
    using server = await start({ binary: main, data, through })
    process.kill(server.pid, 'SIGUSR2')
    while (server.isRunning()) await Bun.sleep(2)
    expect(await server.end('SIGTERM')).toBe(1)
    expect(server.output()).toContain('stopping after a fault that nobody caught')
    expect(server.output()).toContain('planted')
    expect(server.output()).toContain('"stopped"')
    expect(existsSync(join(data, 'deskbox.running'))).toBe(false)
  },
)
