import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Rules } from '../app.ts'
import type { Settings } from '../config/effective.ts'
import { dayMs, secondMs } from '../lib/time.ts'
import { UsageError } from './args.ts'

const mailTimeoutMs = 30 * secondMs

/** What workflows may use as the settings name it; secrets are read from their files. Throws UsageError. */
export function servicesOf(settings: Settings, cwd: string): Rules['workflows'] {
  const { ai, email, integrations, retention, workflows } = settings
  const { smtpHost: host, smtpPort: port, smtpUser: user } = email
  const isModelNamed = ai.baseUrl !== '' && ai.model !== ''
  return {
    autonomy: { level: ai.autonomy, sensitive: integrations.sensitiveActions },
    signature: email.signature,
    model: isModelNamed
      ? { baseUrl: ai.baseUrl, name: ai.model, apiKey: ai.apiKey || secretIn(ai.apiKeyFile, cwd) }
      : null,
    modelTimeoutMs: ai.timeout * secondMs,
    sendTimeoutMs: workflows.callTimeoutSeconds * secondMs,
    callsAtOnce: workflows.callsAtOnce,
    runsKept: {
      endedMs: retention.executionsDays * dayMs,
      skippedMs: retention.skippedExecutionsDays * dayMs,
    },
    mail:
      host === ''
        ? null
        : {
            host,
            port,
            user,
            password: email.smtpPassword || secretIn(email.smtpPasswordFile, cwd),
            from: email.from === '' ? user : email.from,
            isTls: email.smtpTls,
            isPlainAllowed: email.smtpInsecure,
            timeoutMs: mailTimeoutMs,
          },
    slack: addressesIn(integrations.slackChannels),
    teams: addressesIn(integrations.teamsChannels),
    connectors: addressesIn(integrations.connectors),
  }
}

function secretIn(file: string, cwd: string): string {
  if (file === '') return ''
  try {
    return readFileSync(resolve(cwd, file), 'utf8').trim()
  } catch {
    throw new UsageError(`The file ${file} of the settings cannot be read`)
  }
}

/** `support=https://…`, by name. */
function addressesIn(named: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    named.map((one) => {
      const at = one.indexOf('=')
      return [one.slice(0, at).replace(/^#/, ''), one.slice(at + 1)] as const
    }),
  )
}
