import { describe, expect, test } from 'bun:test'
import { jsonLog, textLog, type LogLevel } from '../../src/lib/log.ts'

function written(make: typeof textLog, level: LogLevel = 'info') {
  const lines: [line: string, level: LogLevel][] = []
  const log = make({ write: (line, at) => lines.push([line, at]), level: () => level })
  return { lines, log }
}

const json: typeof textLog = (options) => jsonLog(options, () => 0)

describe('a log for programs', () => {
  test('has an object on each line, with its time', () => {
    const { lines, log } = written(json)
    log.info('request', { status: 200, path: '/a\nb' })
    expect(lines).toEqual([
      [
        '{"time":"1970-01-01T00:00:00.000Z","level":"info","what":"request","status":200,"path":"/a\\nb"}',
        'info',
      ],
    ])
  })

  test('tells why a fault came to be', () => {
    const { lines, log } = written(json)
    log.error('job failed', new Error('full', { cause: new Error('disk') }), { job: 'x' })
    expect(JSON.parse(lines[0]?.[0] ?? '')).toMatchObject({
      level: 'error',
      what: 'job failed',
      job: 'x',
      error: 'Error: full',
      cause: 'Error: disk',
      stack: expect.any(String),
    })
  })
})

describe('a log for people', () => {
  test('has words, and quotes what could be taken for another line or fact', () => {
    const { lines, log } = written(textLog)
    log.info('sign-in failed', {
      account: 'a@b.test',
      said: 'x\nerror: all=lost',
      n: 3,
      none: null,
    })
    expect(lines.map(([line]) => line)).toEqual([
      'sign-in failed account=a@b.test said="x\\nerror: all=lost" n=3 none=null',
    ])
    log.info('stopped')
    expect(lines.at(-1)).toEqual(['stopped', 'info'])
  })

  test('marks a fault', () => {
    const { lines, log } = written(textLog)
    log.error('failed', 'why', { at: 'boot' })
    expect(lines).toEqual([['error: failed at=boot error=why', 'error']])
  })
})

test.each([
  ['json', json],
  ['text', textLog],
] as const)('%s of level error leaves out what is none', (_, make) => {
  const { lines, log } = written(make, 'error')
  log.info('request')
  log.error('failed', 'why')
  expect(lines.map(([, level]) => level)).toEqual(['error'])
})
