import type { Settings } from './table.ts'

/** What is to be said of a setting that is good by itself, and not with the others. */
export type Contradiction = readonly [dotted: string, problem: string]

/** Settings that are good each by itself and not together. */
export function contradictions(settings: Settings): Contradiction[] {
  return [...encryption(settings), ...twice(settings)]
}

function encryption({ server }: Settings): Contradiction[] {
  const { tlsCertificateFile: certificate, tlsKeyFile: key, host, insecureHttp } = server
  if (certificate !== '' && key === '') {
    return [
      ['server.tls_certificate_file', 'server.tls_certificate_file needs server.tls_key_file'],
    ]
  }
  if (key !== '' && certificate === '') {
    return [['server.tls_key_file', 'server.tls_key_file needs server.tls_certificate_file']]
  }
  if (certificate !== '' || isLoopback(host) || insecureHttp) return []
  return [
    [
      'server.host',
      `server.host ${host} is reached from outside, and plain HTTP shows API keys to everybody on ` +
        'the way: set server.tls_certificate_file and server.tls_key_file, or listen on 127.0.0.1 ' +
        'behind a proxy, or set server.insecure_http = true',
    ],
  ]
}

/** A secret and a file with it: nobody could tell which of them counts. */
function twice({ ai, email }: Settings): Contradiction[] {
  const pairs = [
    ['ai.api_key', ai.apiKey, ai.apiKeyFile],
    ['email.smtp_password', email.smtpPassword, email.smtpPasswordFile],
  ] as const
  return pairs
    .filter(([, given, file]) => given !== '' && file !== '')
    .map(([name]) => [name, `${name} and ${name}_file exclude each other`])
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
