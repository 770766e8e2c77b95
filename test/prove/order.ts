import { join } from 'node:path'
import { acknowledgedBy, traceWrites, type Traced, type TraceOptions } from './traced.ts'
import { markers } from './writers.ts'

export type OrderResult = {
  readonly acknowledged: number
  readonly commits: number
  readonly syncs: number
  readonly problems: string[]
}

/** What the walk along the trace knows at a step. */
type Walk = {
  /** Commits whose last frame is written, and how many of those a sync has followed. */
  written: number
  synced: number
  syncs: number
  /** Whether the frame whose header came last ends a commit. */
  isLastFrame: boolean
  readonly commitOf: Map<string, number>
  readonly seen: Set<string>
  readonly problems: string[]
}

const walHeaderBytes = 32
const frameHeaderBytes = 24

/**
 * Proves, for every success that left, that the frame with its write and the end of that frame's
 * commit were in the log file, and the log file synced, before the first byte left.
 */
export async function proveOrder(options: TraceOptions): Promise<OrderResult> {
  const traced = await traceWrites(options)
  const walk = follow(traced)
  const { problems } = walk
  const told = acknowledgedBy(traced.writers)
  if (traced.refused > 0) problems.push(`${traced.refused} writes were refused`)
  if (walk.seen.size < told) problems.push(`${told} successes, ${walk.seen.size} in the trace`)
  return { acknowledged: walk.seen.size, commits: walk.written, syncs: walk.syncs, problems }
}

function follow({ data, steps }: Traced): Walk {
  const walk: Walk = {
    written: 0,
    synced: 0,
    syncs: 0,
    isLastFrame: false,
    commitOf: new Map(),
    seen: new Set(),
    problems: [],
  }
  const wal = join(data, 'deskbox.db-wal')
  for (const step of steps) {
    if (step.kind === 'acknowledge') acknowledge(walk, step.marker)
    else if (step.path !== wal) continue
    else if (step.kind === 'write') takeFrame(walk, step.at, step.bytes)
    else if (step.kind === 'sync') {
      walk.synced = walk.written
      walk.syncs++
    }
  }
  return walk
}

/** A frame is a header of 24 bytes and a page; the last of a commit has a second word but 0. */
function takeFrame(walk: Walk, at: number, bytes: Buffer): void {
  if (at < walHeaderBytes) return
  if (bytes.length === frameHeaderBytes) {
    walk.isLastFrame = bytes.readUInt32BE(4) !== 0
    return
  }
  for (const [marker] of bytes.toString('latin1').matchAll(markers)) {
    if (!walk.commitOf.has(marker)) walk.commitOf.set(marker, walk.written)
  }
  if (walk.isLastFrame) walk.written++
  walk.isLastFrame = false
}

function acknowledge({ commitOf, seen, synced, written, problems }: Walk, marker: string): void {
  seen.add(marker)
  const commit = commitOf.get(marker)
  if (commit === undefined) problems.push(`${marker}: answered before it was in the log`)
  else if (commit >= written) problems.push(`${marker}: answered before its commit was written`)
  else if (commit >= synced) problems.push(`${marker}: answered before the sync of its commit`)
}
