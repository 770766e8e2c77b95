import { backupState } from '../domain/backups.ts'
import type { Probe } from '../domain/health.ts'
import { systemActor, type Desk } from '../domain/tx.ts'
import { isoSeconds, secondMs, type Millis } from '../lib/time.ts'
import type { Store } from '../store/db.ts'
import { lastSequence } from '../store/events.ts'
import { dueWorkProbe, stateGauges, type Gauge } from './figures.ts'
import type { Heartbeat } from './heartbeat.ts'

/** Where figures and probes are handed in. */
export type Watched = {
  readonly probes: Probe[]
  readonly metrics: {
    committed(size: number, seconds: number): void
    gauge(spec: Gauge): void
  }
}

export type Parts = {
  readonly store: Store
  readonly desk: Desk
  readonly heartbeat: Heartbeat
  readonly clock: () => Millis
  readonly monotonic: () => number
}

const beatLateMs = 10 * secondMs
const freeBytesLeast = 64 * 1024 * 1024

/** Has the store, the jobs and the disk looked at by `GET /health/ready` and `GET /metrics`. */
export function watchOver({ probes, metrics }: Watched, parts: Parts): void {
  const { store, desk, heartbeat, clock, monotonic } = parts
  store.watchGroups((writes) => {
    const begun = monotonic()
    return () => metrics.committed(writes, (monotonic() - begun) / secondMs)
  })
  probes.push(
    {
      name: 'database',
      look: () =>
        store.fault
          ? { isWell: false, detail: 'cannot be written to' }
          : { isWell: true, detail: `SQLite ${store.check.sqlite}, writable, schema up to date` },
    },
    {
      name: 'jobs',
      look() {
        const agoMs = Math.max(0, clock() - heartbeat.lastBeatAt())
        return {
          isWell: agoMs <= beatLateMs,
          detail: `last done ${Math.round(agoMs / 1000)} s ago`,
        }
      },
    },
    dueWorkProbe(desk),
    {
      name: 'disk',
      look() {
        const free = store.space()?.freeBytes ?? Infinity
        return { isWell: free >= freeBytesLeast, detail: `${Math.floor(free / 2 ** 20)} MiB free` }
      },
    },
    {
      name: 'backups',
      look() {
        const { madeAt, failure } = desk.read(systemActor, backupState)
        const last = madeAt === null ? 'none made yet' : `last made ${isoSeconds(madeAt)}`
        return failure
          ? { isWell: false, isMinor: true, detail: `${last}; failed ${isoSeconds(failure.at)}` }
          : { isWell: true, detail: last }
      },
    },
  )
  const gauges: [name: string, help: string, read: () => number][] = [
    ['deskbox_write_queue_depth', 'Writes that wait for a commit', () => store.queueDepth],
    ['deskbox_wal_bytes', 'Size of the write-ahead log', () => store.space()?.walBytes ?? 0],
    ['deskbox_disk_free_bytes', 'Bytes free for the data', () => store.space()?.freeBytes ?? 0],
    ['deskbox_resident_bytes', 'Memory of the process', () => process.memoryUsage.rss()],
    [
      'deskbox_event_head',
      'Sequence of the newest event',
      () => desk.read(systemActor, ({ q }) => lastSequence(q)),
    ],
  ]
  for (const [name, help, read] of gauges) metrics.gauge({ name, help, read })
  for (const gauge of stateGauges(desk)) metrics.gauge(gauge)
}
