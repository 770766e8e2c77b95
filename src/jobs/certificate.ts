import type { Log } from '../lib/log.ts'
import { secondMs, type Millis } from '../lib/time.ts'
import type { Job } from './heartbeat.ts'

type Tls = { readonly cert: string; readonly key: string }

/** Where a certificate comes from. */
export type CertificateSource = {
  /** What is there now. Throws when it cannot be read or is no pair. */
  read(): Tls
  /** A mark that is another one once the files have changed; undefined while one is missing. */
  mark(): string | undefined
}

const lookEveryMs = 10 * secondMs

/** Serves a renewed certificate. A pair that does not fit is told of, and the former one stays. */
export function renewCertificate(
  source: CertificateSource,
  listener: { renew(tls: Tls): void },
  log: Log,
): Job {
  let known = source.mark()
  let nextAt: Millis = 0
  return {
    name: 'renew certificate',
    step(now) {
      if (now < nextAt) return Promise.resolve(false)
      nextAt = now + lookEveryMs
      const mark = source.mark()
      if (mark === undefined || mark === known) return Promise.resolve(false)
      known = mark
      try {
        listener.renew(source.read())
        log.info('certificate renewed')
      } catch (err) {
        log.error('certificate cannot be renewed', err)
      }
      return Promise.resolve(false)
    },
  }
}
