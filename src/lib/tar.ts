// The headers of a tar archive (POSIX ustar), so that what Deskbox writes can be opened by hand.

export const tarBlock = 512

const names = { at: 0, length: 100 } as const
const size = { at: 124, length: 12 } as const
const checksum = { at: 148, length: 8 } as const
const fields: readonly (readonly [at: number, text: string])[] = [
  [100, '0000600\0'], // mode: for its owner alone
  [108, '0000000\0'],
  [116, '0000000\0'],
  [156, '0'],
  [257, 'ustar\x0000'],
]
const modified = { at: 136, length: 12 } as const
const octalMost = 8 ** 11 - 1
const binaryMark = 0x80

export type TarEntry = { readonly name: string; readonly bytes: number }

/** The header of a file. `seconds` since 1970 is when it was last changed. */
export function tarHeader({ name, bytes }: TarEntry, seconds: number): Uint8Array {
  const header = Buffer.alloc(tarBlock)
  if (Buffer.byteLength(name) > names.length) throw new Error(`${name} is too long a name`)
  header.write(name, names.at)
  for (const [at, text] of fields) header.write(text, at, 'latin1')
  header.write(octal(seconds, modified.length), modified.at)
  if (bytes <= octalMost) header.write(octal(bytes, size.length), size.at)
  else writeLarge(header, bytes)
  header.fill(' ', checksum.at, checksum.at + checksum.length)
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, checksum.at)
  return header
}

/** What a header tells; undefined for the zeros at the end. Throws when it is none. */
export function readTarHeader(header: Buffer): TarEntry | undefined {
  if (header.every((byte) => byte === 0)) return undefined
  const claimed = parseInt(header.toString('latin1', checksum.at, checksum.at + 6), 8)
  const summed = Buffer.from(header).fill(' ', checksum.at, checksum.at + checksum.length)
  if (sumOf(summed) !== claimed) throw new Error('It is no tar archive, or a damaged one')
  const name = header.toString('utf8', names.at, names.length).replace(/\0[^]*$/, '')
  return { name, bytes: readSize(header) }
}

/** How many zeros follow a file of that size. */
export function tarPadding(bytes: number): number {
  return (tarBlock - (bytes % tarBlock)) % tarBlock
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`
}

/** Eight gigabytes and more, as GNU tar and its readers spell it. */
function writeLarge(header: Buffer, bytes: number): void {
  header[size.at] = binaryMark
  header.writeBigUInt64BE(BigInt(bytes), size.at + 4)
}

function readSize(header: Buffer): number {
  if (header[size.at] === binaryMark) return Number(header.readBigUInt64BE(size.at + 4))
  return parseInt(header.toString('latin1', size.at, size.at + size.length - 1), 8)
}

function sumOf(header: Uint8Array): number {
  return header.reduce((sum, byte) => sum + byte, 0)
}
