import { AccessTokens } from './domain/accesstokens.ts'
import { installed, workspaceUid } from './domain/installation.ts'
import { KeyRing } from './domain/keyring.ts'
import { Outbox } from './domain/outbox.ts'
import { Privacy } from './domain/privacy.ts'
import { ensureSigningKeys, SigningKeys } from './domain/signingkeys.ts'
import { simulator } from './domain/simulator.ts'
import { Desk, systemActor, type Clock, type Random } from './domain/tx.ts'
import { surfaces as deskhiveSurfaces } from './http/deskhive/index.ts'
import type { Surface } from './http/dialect.ts'
import { Gate, noLimits, type Rates } from './http/gate.ts'
import { callersOf, type Callers } from './http/callers.ts'
import { surfaces as kevaSurfaces } from './http/keva/index.ts'
import { findingsOf, type Probe } from './domain/health.ts'
import { payloadOf } from './http/payloads.ts'
import { Listener } from './http/listener.ts'
import { Metrics } from './http/metrics.ts'
import { mount, refuseHost } from './http/mount.ts'
import { backUpOnSchedule, type BackupMaker, type BackupPlan } from './jobs/backup.ts'
import { Observer } from './http/observe.ts'
import { SignIns } from './http/signins.ts'
import { Streams } from './http/streams.ts'
import { jobsOf } from './jobs/all.ts'
import { renewCertificate, type CertificateSource } from './jobs/certificate.ts'
import { startHeartbeat } from './jobs/heartbeat.ts'
import { watchOver } from './jobs/watch.ts'
import { startSenders, type SenderSettings } from './jobs/senders.ts'
import type { Log } from './lib/log.ts'
import { Attempts } from './security/attempts.ts'
import type { Networks } from './security/networks.ts'
import { Passwords, type PasswordCost } from './security/password.ts'
import { blockOf, type Resolve, type TargetRules } from './security/target.ts'
import { Store, type Opening } from './store/db.ts'
import { closeToOthers, secretFile, type SecretText } from './store/secretfile.ts'

/** What the machine gives and tests replace. */
export type Machine = {
  readonly clock: Clock
  /** Whose clocks schedules go by: an IANA name. */
  readonly zone: string
  /** Milliseconds that never go back. */
  readonly monotonic: () => number
  readonly random: Random
  readonly log: Log
  /** What a password's hash takes; tests take the least. */
  readonly passwordCost: PasswordCost
  readonly resolve: Resolve
}

export type OpenDesk = {
  readonly store: Store
  readonly desk: Desk
  /** The keys that sign tokens: a file beside the database. */
  readonly signing: SecretText
} & Disposable

const signingFile = 'signing-keys.json'

/** Every surface. Keva's come first: it speaks for unknown paths that no prefix claims. */
export const surfaces: readonly Surface[] = [...kevaSurfaces, ...deskhiveSurfaces]

/**
 * Opens a data folder. Its owner brings the schema up to date and installs what a new folder needs;
 * with 'share' a command works beside the server that owns it.
 */
export async function openDesk(
  directory: string,
  access: 'own' | 'share',
  machine: Machine,
): Promise<OpenDesk> {
  const { clock, random, log } = machine
  const store = Store.open({
    directory,
    access,
    now: clock(),
    onFault: (fault) => log.error('store stopped writing', fault),
  })
  tellOfOpening(store.opening, log)
  const desk = new Desk({ store, clock, random, outbox: new Outbox(payloadOf) })
  await installed(desk)
  const signing = secretFile(directory, signingFile)
  if (access === 'own') {
    closeToOthers(directory, signingFile)
    ensureSigningKeys(signing, random)
  }
  return { store, desk, signing, [Symbol.dispose]: () => store[Symbol.dispose]() }
}

function tellOfOpening({ closed, upgrade }: Opening, log: Log): void {
  for (const path of closed) log.info('closed to others, who could read it', { path })
  if (upgrade) log.info('database upgraded', { ...upgrade })
}

export type App = {
  readonly desk: Desk
  readonly ring: KeyRing
  readonly streams: Streams
  readonly sealing: () => string
  setRates(rates: Rates): void
  readonly metrics: Metrics
  /** What `GET /health/ready` looks at. */
  readonly probes: Probe[]
  handle(request: Request): Response | Promise<Response>
}

/** Everything between a request and the desk. `keepOpen` keeps a call from being ended for being quiet. */
export function makeApp(
  { desk, store, signing }: Omit<OpenDesk, typeof Symbol.dispose>,
  options: {
    machine: Machine
    rates: Rates
    hosts: () => readonly string[]
    targets: () => TargetRules
    keepOpen: (request: Request) => void
    autonomy: Parameters<typeof simulator>[1]
  } & Callers,
): App {
  const { machine, rates, hosts, addressOf, schemeOf, targets, keepOpen, autonomy } = options
  const { clock, monotonic, log, random } = machine
  const uid = desk.read(systemActor, workspaceUid)
  if (uid === undefined) throw new Error('The data folder has no workspace')
  const ring = new KeyRing(desk, monotonic)
  const keys = new SigningKeys(signing, monotonic, (err) => log.error('signing keys kept', err))
  const tokens = new AccessTokens({ desk, keys, workspaceUid: uid, clock, random })
  const parts = { ring, tokens, clock, monotonic, workspaceUid: uid, addressOf }
  const gate = new Gate({ ...parts, rates })
  const open = new Gate({ ...parts, rates: noLimits })
  const streams = new Streams({ desk, gate: open, log, monotonic })
  const passwords = new Passwords(machine.passwordCost)
  const attempts = new Attempts(monotonic)
  const signIns = new SignIns({ passwords, attempts, tokens, addressOf, log })
  const metrics = new Metrics()
  const observer = new Observer({ log, metrics, monotonic, random, addressOf, schemeOf })
  const probes: Probe[] = []
  const operations = { metrics, gate, addressOf, findings: () => findingsOf(probes) }
  const vetUrl = (url: string) => blockOf(url, targets())
  const privacy = new Privacy(desk, store)
  const simulate = simulator(desk, autonomy)
  const sealing = () => keys.sealing
  const services = { passwords, signIns, privacy, vetUrl, sealing, keepOpen, simulate }
  const house = { desk, gate, log, services, observer, operations, streams, hosts, keepOpen }
  const elysia = mount(house, surfaces).compile()
  return {
    desk,
    ring,
    streams,
    sealing: services.sealing,
    setRates: (next) => gate.setRates(next),
    metrics,
    probes,
    handle: (request) => refuseHost(house, surfaces, request) ?? elysia.fetch(request),
  }
}

/** What a running server takes anew when its settings are read again. */
export type Rules = SenderSettings & {
  readonly rates: Rates
  /** The names that callers may use, beside localhost and addresses. */
  readonly hosts: readonly string[]
  readonly trustedProxies: Networks
  /** The networks that are not public and may be called none the less. */
  readonly privateNetworks: Networks
  /** How long events are kept; 0 for ever. */
  readonly eventsDays: number
  /** How long tickets are kept once they are closed; 0 for ever. */
  readonly closedTicketsDays: number
  readonly backup: BackupPlan
}

export type Listening = {
  readonly url: string
  /** From now on these hold. */
  apply(rules: Rules): void
  /** Answers what is in flight, for `graceMs` at most, then closes everything in reverse. */
  stop(graceMs: number): Promise<void>
}

export type ListenOptions = {
  readonly machine: Machine
  readonly rules: Rules
  readonly host: string
  readonly port: number
  /** The certificate to serve HTTPS with; null for plain HTTP. */
  readonly certificate?: CertificateSource | null
  readonly makeBackup: BackupMaker
}

/** Listens, and works through the jobs once a second. Throws when the port cannot be had. */
export function listen(opened: OpenDesk, options: ListenOptions): Listening {
  const { machine, host, port, certificate = null, makeBackup } = options
  let { rules } = options
  const { resolve } = machine
  const targets = () => ({ resolve, allowed: rules.privateNetworks, ownPort: listener.port })
  const app = makeApp(opened, {
    machine,
    rates: rules.rates,
    hosts: () => rules.hosts,
    ...callersOf(
      (request) => listener.peerOf(request),
      () => rules.trustedProxies,
    ),
    targets,
    keepOpen: (request) => listener.keepOpen(request),
    autonomy: () => rules.workflows.autonomy,
  })
  const binding = { host, port, tls: certificate?.read() ?? null }
  const listener = new Listener(binding, {
    handle: (request) => app.handle(request),
    fail: (err) => {
      machine.log.error('request failed', err)
      return Response.json({ error: 'Internal server error' }, { status: 500 })
    },
  })
  const { store, desk } = opened
  const { ring, sealing } = app
  const senders = startSenders(desk, machine, { sealing, targets, rules: () => rules })
  const backups = backUpOnSchedule(desk, machine, { plan: () => rules.backup, make: makeBackup })
  const loops = [...senders.jobs, backups]
  const jobs = [
    ...jobsOf({ store, desk, ring, log: machine.log, rules: () => rules }, loops),
    ...(certificate ? [renewCertificate(certificate, listener, machine.log)] : []),
  ]
  const heartbeat = startHeartbeat(jobs, machine.clock, machine.log)
  watchOver(app, { store, desk, heartbeat, clock: machine.clock, monotonic: machine.monotonic })
  app.streams.start()
  return {
    url: listener.url,
    apply(next) {
      rules = next
      app.setRates(next.rates)
    },
    async stop(graceMs) {
      // Awaited alone it would wait for idle connections too, for as long as clients keep them.
      listener.refuse()
      app.streams.close()
      const deadline = machine.monotonic() + graceMs
      const sent = senders.stop(graceMs)
      const isAnswering = () => listener.pendingRequests > app.streams.unread
      while (isAnswering() && machine.monotonic() < deadline) await Bun.sleep(5)
      await listener.close()
      await Promise.all([heartbeat.stop(), sent])
      await backups.stop()
      await Promise.allSettled([app.ring.saveUses(machine.clock())]) // the store tells of its faults
      opened[Symbol.dispose]()
    },
  }
}
