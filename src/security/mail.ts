import { createTransport } from 'nodemailer'
import type { Millis } from '../lib/time.ts'

/** The server that mail is handed to. */
export type MailServer = {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; otherwise the connection is encrypted once it stands. */
  readonly isTls: boolean
  /** Mail is handed over in the open where the server cannot encrypt. */
  readonly isPlainAllowed: boolean
  readonly user: string
  readonly password: string
  readonly from: string
  readonly timeoutMs: Millis
}

export type Mail = {
  /** The same for every try, so that a reader's mailbox knows a repeat. */
  readonly id: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

export type MailFailure = { readonly failure: string; readonly isFinal: boolean }

export type SendMail = (mail: Mail) => Promise<MailFailure | null>

/** Hands mail over by SMTP, a connection for each. It never throws; what a text says is never a file or an address. */
export function mailClient(server: MailServer): SendMail {
  const { host, port, isTls, isPlainAllowed, user, password, from, timeoutMs } = server
  return async ({ id, to, subject, text }) => {
    const transport = createTransport({
      host,
      port,
      secure: isTls,
      requireTLS: !isTls && !isPlainAllowed,
      ...(user !== '' && { auth: { user, pass: password } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const domain = from.slice(from.lastIndexOf('@') + 1).replace(/[^\w.-]/g, '')
    const messageId = `<${id}@${domain || 'deskbox'}>`
    try {
      await transport.sendMail({ from, to: [...to], subject, text, messageId })
      return null
    } catch (err) {
      return failureOf(err)
    } finally {
      transport.close()
    }
  }
}

/** A server's 5xx and a refused sign-in are for good; the rest may pass. */
function failureOf(err: unknown): MailFailure {
  const { responseCode, code } = err as { responseCode?: number; code?: string }
  const said = responseCode === undefined ? (code ?? 'no answer') : String(responseCode)
  const isRefused = responseCode === undefined ? code === 'EENVELOPE' : responseCode >= 500
  const isFinal = code === 'EAUTH' || isRefused
  return { failure: `The mail server did not take it (${said})`, isFinal }
}
