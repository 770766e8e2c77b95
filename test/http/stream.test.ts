import { describe, expect, test } from 'bun:test'
import { Fault } from '../../src/domain/errors.ts'
import { Stream } from '../../src/http/stream.ts'
import { MessageParser } from '../support/stream.ts'

// One stream by itself, over numbers in place of events.

type World = {
  readonly stream: Stream
  readonly failures: unknown[]
  /** The positions that were read from. */
  readonly reads: number[]
  last: number
  at: number
  ends: number
  read?: () => never
}

const size = 1000
const pageMost = 10

/** Every number up to `last` is a message of about a kilobyte. */
function open(last: number): World {
  const world = { failures: [], reads: [], last, at: 0, ends: 0 } as unknown as World & {
    stream: Stream
  }
  world.stream = new Stream({
    position: 0,
    read(after) {
      world.read?.()
      world.reads.push(after)
      const position = Math.min(after + pageMost, world.last)
      const messages = Array.from({ length: position - after }, (_, n) => ({
        id: after + n + 1,
        event: 'number',
        data: 'x'.repeat(size),
      }))
      return { messages, position, isEnd: position >= world.last }
    },
    monotonic: () => world.at,
    onFailure: (err) => world.failures.push(err),
    onEnd: () => void world.ends++,
  })
  return world
}

/** Lets everything happen that is going to by itself. */
async function settled(): Promise<void> {
  for (let n = 0; n < 50; n++) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

async function textOf(stream: Stream): Promise<string> {
  return new Response(stream.body).text()
}

describe('a stream', () => {
  test('reads no further than a page past what waits, however much there is', async () => {
    const world = open(5000)
    await settled()
    const before = world.reads.length
    expect(before).toBeLessThanOrEqual(8)
    for (let n = 0; n < 100; n++) {
      world.last += 10
      world.stream.wake()
    }
    await settled()
    expect(world.reads).toHaveLength(before)
  })

  test('goes on where it was once it is read, with each message once and in order', async () => {
    const world = open(5000)
    await settled()
    world.last = 6000
    const parser = new MessageParser()
    const decoder = new TextDecoder()
    const ids: number[] = []
    const reader = world.stream.body.getReader()
    while (ids.length < 6000) {
      const { value } = await reader.read()
      ids.push(...parser.read(decoder.decode(value)).map(({ id }) => Number(id)))
    }
    expect(ids).toEqual(Array.from({ length: 6000 }, (_, n) => n + 1))
  })

  test('waits at the end, and is not read for until something may be there', async () => {
    const world = open(3)
    await settled()
    const before = world.reads.length
    await settled()
    expect(world.reads).toHaveLength(before)
    world.last = 4
    world.stream.wake()
    await settled()
    world.stream.end('done')
    const parser = new MessageParser()
    const messages = parser.read(await textOf(world.stream))
    expect(messages.map(({ id }) => id)).toEqual(['1', '2', '3', '4'])
    expect([parser.retry, parser.comments]).toEqual(['3000', ['done']])
  })

  test('sends a heartbeat with its position when it was quiet for so long', async () => {
    const world = open(0)
    const sent: string[] = []
    const reading = (async () => {
      for await (const chunk of world.stream.body) sent.push(new TextDecoder().decode(chunk))
    })()
    for (const at of [14_999, 15_000, 29_999, 30_000]) {
      world.at = at
      world.stream.beat(15_000)
      await settled()
    }
    world.last = 1
    world.at = 40_000
    world.stream.wake()
    await settled()
    world.at = 54_999
    world.stream.beat(15_000)
    await settled()
    world.stream.end('done')
    await reading
    const message = `id: 1\nevent: number\ndata: ${'x'.repeat(size)}\n\n`
    const quiet = ':\nid: 0\n\n'
    expect(sent).toEqual(['retry: 3000\nid: 0\n\n', quiet, quiet, message, ': done\n\n'])
  })

  test('sends one heartbeat to a reader who was away for many', async () => {
    const world = open(0)
    await settled()
    for (let beat = 1; beat <= 40; beat++) {
      world.at = beat * 15_000
      world.stream.beat(15_000)
    }
    await settled()
    world.stream.end('done')
    expect((await textOf(world.stream)).match(/^:$/gm)).toHaveLength(1)
  })

  test('ends once, whatever ends it', async () => {
    const world = open(0)
    world.stream.end('first')
    world.stream.end('second')
    world.stream.wake()
    expect(await textOf(world.stream)).toEndWith('\n\n: first\n\n')
    const left = open(0)
    await left.stream.body.cancel()
    left.stream.end('late')
    left.stream.beat(0)
    expect([world.ends, left.ends]).toEqual([1, 1])
  })

  test('ends when the database cannot be read, which is told', async () => {
    const world = open(0)
    world.read = () => {
      throw new Error('no disk')
    }
    expect(await textOf(world.stream)).toEndWith(': come again\n\n')
    expect([world.failures, world.ends]).toEqual([[new Error('no disk')], 1])
  })

  test('ends when what comes next is no longer kept, which is no failure', async () => {
    const world = open(0)
    world.read = () => {
      throw new Fault('gone', 'events')
    }
    expect(await textOf(world.stream)).toEndWith(': come again\n\n')
    expect([world.failures, world.ends]).toEqual([[], 1])
  })
})
