import { closeSync, fdatasyncSync, fsyncSync, openSync, readSync, statSync } from 'node:fs'
import { readTarHeader, tarBlock, tarHeader, tarPadding } from '../lib/tar.ts'
import { secondMs, type Millis } from '../lib/time.ts'
import { writeWhole } from './folder.ts'

// One file that holds several: a tar archive, so that what is in it can be had without Deskbox.

const chunkBytes = 1024 * 1024
// Written out as it goes, so that no sync at the end holds up the server's own for long.
const syncEveryBytes = 16 * chunkBytes

export type Sum = { readonly bytes: number; readonly sha256: string }

/** Where a file lies within an archive. */
export type Member = { readonly at: number; readonly bytes: number }

/** Writes an archive, file by file. Nothing is on disk for certain before `finish`. */
export class ArchiveWriter implements Disposable {
  readonly #fd: number
  readonly #now: Millis
  #unsynced = 0

  /** `path` must not be there. */
  constructor(path: string, now: Millis) {
    this.#fd = openSync(path, 'wx', 0o600)
    this.#now = now
  }

  /** Adds the file at `path` under a name, and tells what went in. */
  addFile(name: string, path: string): Sum {
    const { size: bytes } = statSync(path)
    const fd = openSync(path, 'r')
    try {
      return this.#add(name, bytes, chunksOf(fd, { at: 0, bytes }))
    } finally {
      closeSync(fd)
    }
  }

  addText(name: string, text: string): Sum {
    const bytes = Buffer.from(text)
    return this.#add(name, bytes.length, [bytes])
  }

  finish(): void {
    this.#write(Buffer.alloc(2 * tarBlock))
    fsyncSync(this.#fd)
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #add(name: string, bytes: number, chunks: Iterable<Uint8Array>): Sum {
    const hasher = new Bun.CryptoHasher('sha256')
    this.#write(tarHeader({ name, bytes }, Math.floor(this.#now / secondMs)))
    for (const chunk of chunks) {
      hasher.update(chunk)
      this.#write(chunk)
    }
    this.#write(Buffer.alloc(tarPadding(bytes)))
    return { bytes, sha256: hasher.digest('hex') }
  }

  #write(bytes: Uint8Array): void {
    writeWhole(this.#fd, bytes)
    this.#unsynced += bytes.length
    if (this.#unsynced < syncEveryBytes) return
    fdatasyncSync(this.#fd)
    this.#unsynced = 0
  }
}

/** An archive to read from. */
export class ArchiveReader implements Disposable {
  readonly #fd: number
  readonly #members: ReadonlyMap<string, Member>

  /** Throws when the file is no archive. */
  constructor(path: string) {
    this.#fd = openSync(path, 'r')
    try {
      this.#members = membersOf(this.#fd, statSync(path).size)
    } catch (err) {
      closeSync(this.#fd)
      throw err
    }
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  text(name: string): string {
    return Buffer.concat([...chunksOf(this.#fd, this.#member(name))]).toString('utf8')
  }

  /** Copies a file out, on disk for certain when it returns, and tells what came out. */
  extract(name: string, path: string): Sum {
    const member = this.#member(name)
    const hasher = new Bun.CryptoHasher('sha256')
    const fd = openSync(path, 'w', 0o600)
    try {
      let unsynced = 0
      for (const chunk of chunksOf(this.#fd, member)) {
        hasher.update(chunk)
        writeWhole(fd, chunk)
        unsynced += chunk.length
        if (unsynced < syncEveryBytes) continue
        fdatasyncSync(fd)
        unsynced = 0
      }
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    return { bytes: member.bytes, sha256: hasher.digest('hex') }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  #member(name: string): Member {
    const member = this.#members.get(name)
    if (!member) throw new Error(`There is no ${name} in it`)
    return member
  }
}

function membersOf(fd: number, size: number): Map<string, Member> {
  const members = new Map<string, Member>()
  for (let at = 0; ;) {
    const header = Buffer.alloc(tarBlock)
    if (readSync(fd, header, 0, tarBlock, at) < tarBlock) throw cutShort()
    const entry = readTarHeader(header)
    if (!entry) return members
    at += tarBlock
    members.set(entry.name, { at, bytes: entry.bytes })
    at += entry.bytes + tarPadding(entry.bytes)
    if (at > size) throw cutShort()
  }
}

function* chunksOf(fd: number, { at, bytes }: Member): Generator<Uint8Array> {
  for (let done = 0; done < bytes;) {
    const chunk = Buffer.alloc(Math.min(chunkBytes, bytes - done))
    const read = readSync(fd, chunk, 0, chunk.length, at + done)
    if (read === 0) throw cutShort()
    done += read
    yield chunk.subarray(0, read)
  }
}

function cutShort(): Error {
  return new Error('It ends too soon')
}
