import { run } from './cli/index.ts'
import { forgetNetworkEnvironment } from './cli/machine.ts'

const lineFeed = 0x0a

// Everything that is written from here on is for its owner alone.
process.umask(0o077)

forgetNetworkEnvironment(process.env)

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  input: () => read((chunk) => chunk.includes(lineFeed)),
  wholeInput: () => read(() => false),
  cwd: process.cwd(),
  env: process.env,
  isTerminal: process.stdout.isTTY,
})

async function read(isEnough: (chunk: Uint8Array) => boolean): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of Bun.stdin.stream()) {
    chunks.push(chunk)
    if (isEnough(chunk)) break
  }
  return Buffer.concat(chunks)
}
