// Run as a process of its own, to be killed: brings the data folder argv[2] up to date, and kills itself with
// SIGKILL as the statement argv[3] begins. Without that number it prints how many statements there are.

import { join } from 'node:path'
import { Connection } from '../../src/store/connection.ts'
import { prepareDatabase } from '../../src/store/opening.ts'

const [, , directory = '', fatal = '0'] = process.argv
let statements = 0

const open = () =>
  new Connection(join(directory, 'deskbox.db'), undefined, () => {
    statements++
    if (statements === Number(fatal)) process.kill(process.pid, 'SIGKILL')
  })

prepareDatabase({ directory, now: Date.parse('2026-05-05T08:15:00Z'), open }, undefined)
console.log(statements)
