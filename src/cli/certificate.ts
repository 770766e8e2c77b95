import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { CertificateSource } from '../jobs/certificate.ts'

/** The certificate of two PEM files, read anew each time. */
export function certificateFiles(certificateFile: string, keyFile: string): CertificateSource {
  return {
    read() {
      const cert = readFileSync(certificateFile, 'utf8')
      const key = readFileSync(keyFile, 'utf8')
      // The first certificate of the chain is the server's own.
      if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
        throw new Error(`${keyFile} is not the key of ${certificateFile}`)
      }
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
