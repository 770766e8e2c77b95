import { expect, test } from 'bun:test'
import { Disk } from './power.ts'
import { seeded } from './random.ts'
import type { Step } from './trace.ts'

const path = '/data/a.db'

function write(at: number, text: string): Step & { kind: 'write' } {
  return { kind: 'write', path, at, bytes: Buffer.from(text) }
}

/** All that is found over many losses of power after these steps. */
function found(...steps: Exclude<Step, { kind: 'acknowledge' }>[]): Set<string | undefined> {
  const disk = new Disk('/data')
  for (const step of steps) disk.apply(step)
  const random = seeded(1)
  const images = Array.from({ length: 200 }, () => disk.afterPowerLoss(random).contents)
  return new Set(images.map((contents) => contents.get(path)?.toString()))
}

test('what was synced is always found', () => {
  expect(found(write(0, 'old'), { kind: 'sync', path })).toEqual(new Set(['old']))
})

test('what was not synced may be found or not', () => {
  expect(found(write(0, 'old'), { kind: 'sync', path }, write(0, 'new'))).toEqual(
    new Set(['old', 'new']),
  )
})

test('writes that no sync parts may be found in any combination', () => {
  expect(found(write(0, 'aa'), { kind: 'sync', path }, write(0, 'x'), write(1, 'y'))).toEqual(
    new Set(['aa', 'xa', 'ay', 'xy']),
  )
})

test('a write is torn only where a sector ends', () => {
  const sizes = [...found(write(0, 'x'.repeat(1024)))].map((text) => text?.length)
  expect(new Set(sizes)).toEqual(new Set([0, 512, 1024]))
})

test('a removed file may come back until its folder is synced', () => {
  const removed = [write(0, 'old'), { kind: 'sync', path }, { kind: 'unlink', path }] as const
  expect(found(...removed)).toEqual(new Set(['old', undefined]))
  expect(found(...removed, { kind: 'sync', path: '/data' })).toEqual(new Set([undefined]))
})

test('a truncation is a change like the others', () => {
  const cut = { kind: 'truncate', path, size: 1 } as const
  expect(found(write(0, 'old'), { kind: 'sync', path }, cut)).toEqual(new Set(['old', 'o']))
})
