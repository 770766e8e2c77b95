import { expect, test } from 'bun:test'
import SQLite from 'better-sqlite3'
import { withRemedy } from '../../src/store/remedies.ts'

test.each([
  ['SQLITE_CORRUPT', '/data/deskbox.db is damaged. Nothing was changed: restore the newest backup'],
  ['SQLITE_NOTADB', '/data/deskbox.db is damaged. Nothing was changed: restore the newest backup'],
  ['SQLITE_FULL', 'The disk is full: free some space where /data lies'],
  ['SQLITE_IOERR_SHMSIZE', 'The disk is full: free some space where /data lies'],
  ['SQLITE_IOERR_WRITE', "The disk fails where /data lies: the system's own log tells more"],
  ['SQLITE_IOERR_FSYNC', "The disk fails where /data lies: the system's own log tells more"],
  ['SQLITE_READONLY', '/data cannot be written to: it and what is in it must belong to the user'],
])('%s is told with what can be done, and with its own words', (code, says) => {
  const told = withRemedy(new SQLite.SqliteError('its own words', code), '/data')
  expect(told).toMatchObject({
    message: expect.stringMatching(new RegExp(`^${RegExp.escape(says)}.*\\(its own words\\)$`)),
  })
})

test('what has no remedy is told as it is', () => {
  const fault = new SQLite.SqliteError('locked', 'SQLITE_BUSY')
  expect([withRemedy(fault, '/data'), withRemedy('text', '/data')]).toEqual([fault, 'text'])
})
