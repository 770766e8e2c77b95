import { resolve } from 'node:path'
import type { Settings } from '../config/effective.ts'
import { dayMs, isoSeconds, type Millis } from '../lib/time.ts'
import { certificateFiles, goodUntil } from './certificate.ts'
import { finding, ok, type Finding } from './findings.ts'
import { servicesOf } from './services.ts'

const renewedBeforeMs = 14 * dayMs

/** What is to be said of the files that the settings name. */
export function fileFindings(settings: Settings, cwd: string, now: Millis): Finding[] {
  return [...certificate(settings, cwd, now), ...secrets(settings, cwd)]
}

function certificate({ server }: Settings, cwd: string, now: Millis): Finding[] {
  if (server.tlsCertificateFile === '') return []
  const files = [server.tlsCertificateFile, server.tlsKeyFile].map((file) => resolve(cwd, file))
  const [certificateFile = '', keyFile = ''] = files
  try {
    const until = goodUntil(certificateFiles(certificateFile, keyFile).read().cert)
    const what = `good until ${isoSeconds(until)}`
    const remedy = 'Renew it where it comes from; the server takes a renewed file by itself'
    if (until <= now) return [finding('problem', 'certificate', what, remedy)]
    if (until - now < renewedBeforeMs) return [finding('warning', 'certificate', what, remedy)]
    return [ok('certificate', what)]
  } catch (err) {
    const remedy = 'Put certificate and key, in PEM, where the settings say they are'
    return [finding('problem', 'certificate', wordsOf(err), remedy)]
  }
}

function secrets(settings: Settings, cwd: string): Finding[] {
  try {
    servicesOf(settings, cwd)
    return []
  } catch (err) {
    const remedy = 'Put the secret into it, or take the setting away'
    return [finding('problem', 'settings', wordsOf(err), remedy)]
  }
}

function wordsOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}
