import { run } from './cli/index.ts'

const lineFeed = 0x0a

// Everything that is written from here on is for its owner alone.
process.umask(0o077)

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  async input() {
    const chunks: Uint8Array[] = []
    for await (const chunk of Bun.stdin.stream()) {
      chunks.push(chunk)
      if (chunk.includes(lineFeed)) break
    }
    return Buffer.concat(chunks)
  },
  cwd: process.cwd(),
  env: process.env,
  isTerminal: process.stdout.isTTY,
})
