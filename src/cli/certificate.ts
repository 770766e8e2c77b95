import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { CertificateSource } from '../jobs/certificate.ts'
import type { Millis } from '../lib/time.ts'

/** The certificate of two PEM files, read anew each time. */
export function certificateFiles(certificateFile: string, keyFile: string): CertificateSource {
  return {
    read() {
      const cert = textOf(certificateFile, 'server.tls_certificate_file')
      const key = textOf(keyFile, 'server.tls_key_file')
      if (!isPair(cert, key)) throw new Error(`${keyFile} is not the key of ${certificateFile}`)
      return { cert, key }
    },
    mark() {
      const stats = [certificateFile, keyFile].map((file) =>
        statSync(file, { throwIfNoEntry: false }),
      )
      const marks = stats.map((one) => one && `${one.ino} ${one.mtimeMs} ${one.size}`)
      return marks.includes(undefined) ? undefined : marks.join(' ')
    },
  }
}

/** Until when a certificate in PEM is good. */
export function goodUntil(cert: string): Millis {
  return Date.parse(new X509Certificate(cert).validTo)
}

/** The first certificate of the chain is the server's own. Throws when one of them is none. */
function isPair(cert: string, key: string): boolean {
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
}

function textOf(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (err) {
    throw new Error(`${setting}: the file ${file} cannot be read`, { cause: err })
  }
}
