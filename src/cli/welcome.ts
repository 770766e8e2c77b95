import type { FirstKeys } from '../domain/installation.ts'
import { version } from '../lib/version.ts'
import type { Io } from './io.ts'
import type { Effective } from './settings.ts'

type Started = {
  readonly found: Effective
  readonly url: string
  readonly keys: FirstKeys | undefined
  readonly keysPath: string
  /** Whether one line of JSON is wanted. */
  readonly isForPrograms: boolean
}

/** Says where everything is, and what comes next. */
export function welcome(io: Io, started: Started): void {
  const { found, url, keys, keysPath } = started
  if (started.isForPrograms) {
    io.out(JSON.stringify(facts(started, io.isTerminal)))
    return
  }
  io.out(`Deskbox ${version}`)
  const { publicUrl } = found.settings.server
  io.out(`  Address    ${url}`)
  if (publicUrl !== '') io.out(`  Public     ${publicUrl}`)
  io.out(`  Data       ${found.directory}`)
  io.out(`  Settings   ${found.file ?? 'defaults (deskbox init writes a file to change them)'}`)
  io.out(`  Reference  ${url}/docs`)
  io.out('')
  if (!keys) {
    io.out('Next: deskbox keys create makes another API key, deskbox keys list shows them.')
  } else if (io.isTerminal) {
    showKeys(io, url, keys)
  } else {
    io.out(`The first API keys are in ${keysPath}`)
    io.out('Next: read them there, then delete that file.')
  }
}

/** The first keys are in it only where they are in no file. */
function facts({ found, url, keys, keysPath }: Started, isTerminal: boolean) {
  const { publicUrl } = found.settings.server
  return {
    version,
    address: url,
    public: publicUrl === '' ? null : publicUrl,
    data: found.directory,
    settings: found.file,
    reference: `${url}/docs`,
    keys: isTerminal && keys ? keys : null,
    keysFile: !isTerminal && keys ? keysPath : null,
  }
}

function showKeys(io: Io, url: string, { keva, internal }: FirstKeys): void {
  io.out('The first API keys, shown only now:')
  io.out(`  Keva       ${keva}`)
  io.out(`  DeskHive   ${internal}`)
  io.out('')
  io.out('Next, open a ticket the Keva way, and see it the DeskHive way:')
  io.out('')
  io.out(`curl -s ${url}/api/v1/tickets -H 'Authorization: Bearer ${keva}' \\`)
  io.out(`  -H 'Content-Type: application/json' \\`)
  io.out(`  -d '{"subject":"Printer on fire","customerEmail":"mara@example.com","body":"Help!"}'`)
  io.out('')
  io.out(`curl -s ${url}/api/v1/internal/tickets -H 'X-API-KEY: ${internal}'`)
  io.out('')
}
