import { run } from './cli/index.ts'

// Everything that is written from here on is for its owner alone.
process.umask(0o077)

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
  env: process.env,
  isTerminal: process.stdout.isTTY,
})
