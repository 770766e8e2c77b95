/** A certificate chain and its private key, both PEM. */
export type Tls = { readonly cert: string; readonly key: string }

export type Binding = { readonly host: string; readonly port: number; readonly tls: Tls | null }

export type Handlers = {
  readonly handle: (request: Request) => Response | Promise<Response>
  /** What is answered when `handle` itself fails. */
  readonly fail: (err: Error) => Response
}

type Server = ReturnType<typeof Bun.serve>

// Bun's own refusal of a large body is bare and passes the app by, so the app refuses first.
const bodyBytesMaxOfBun = 64 * 1024 * 1024

/** Serves on one port, by HTTP or HTTPS, and takes a renewed certificate without missing a call. */
export class Listener {
  readonly #binding: Binding
  readonly #handlers: Handlers
  /** The one that it has, also where any was asked for. */
  readonly port: number
  #server: Server
  /** Servers of earlier certificates, until their last call is answered. */
  readonly #leaving = new Set<Server>()

  /** Throws when the port cannot be had. */
  constructor(binding: Binding, handlers: Handlers) {
    this.#handlers = handlers
    const probe = serve(binding, handlers, false)
    // A certificate is renewed by a second server on the same port, which the first must allow; the port
    // is taken alone before, so that another program's port is never shared.
    this.port = probe.port ?? binding.port
    if (!binding.tls) {
      this.#binding = binding
      this.#server = probe
      return
    }
    this.#binding = { ...binding, port: this.port }
    void probe.stop(true)
    this.#server = serve(this.#binding, handlers, true)
  }

  get url(): string {
    const { host, tls } = this.#binding
    const name = host.includes(':') ? `[${host}]` : host
    return `${tls ? 'https' : 'http'}://${name}:${this.port}`
  }

  /** How many calls are being answered. */
  get pendingRequests(): number {
    const all = [this.#server, ...this.#leaving]
    return all.reduce((sum, server) => sum + server.pendingRequests, 0)
  }

  /** The address at the other end of the connection. */
  peerOf(request: Request): string {
    for (const server of [this.#server, ...this.#leaving]) {
      const address = server.requestIP(request)?.address
      if (address !== undefined) return address
    }
    return 'unknown'
  }

  /** Ends this call no more for being quiet. */
  keepOpen(request: Request): void {
    const server = [this.#server, ...this.#leaving].find((one) => one.requestIP(request) !== null)
    server?.timeout(request, 0)
  }

  /** New connections get this certificate; those that there are end with their call in flight. */
  renew(tls: Tls): void {
    const former = this.#server
    this.#server = serve({ ...this.#binding, tls }, this.#handlers, true)
    this.#leaving.add(former)
    void former.stop().then(() => this.#leaving.delete(former))
  }

  /** Takes no more connections; what is in flight goes on until `close`. */
  refuse(): void {
    void this.#server.stop()
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([this.#server, ...this.#leaving].map((server) => server.stop(true)))
  }
}

function serve(
  { host, port, tls }: Binding,
  { handle, fail }: Handlers,
  reusePort: boolean,
): Server {
  return Bun.serve({
    hostname: host,
    port,
    maxRequestBodySize: bodyBytesMaxOfBun,
    development: false,
    // Without this Bun shares the port of a production server, and calls go to either of two.
    reusePort,
    fetch: (request) => handle(request),
    error: fail,
    ...(tls && { tls: { cert: tls.cert, key: tls.key } }),
  })
}
