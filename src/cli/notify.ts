import { dlopen, FFIType, ptr } from 'bun:ffi'

const unixFamily = 1
const datagram = 2
const closeOnExec = 0o2000000
const noSignal = 0x4000
const pathBytesMax = 107

/**
 * Tells the service manager of a state, such as `READY=1`, when one listens (sd_notify(3)). The runtime has
 * no datagram sockets of the Unix kind, so the C library is called. Says whether the word was sent.
 */
export function notifyManager(
  env: { readonly [name: string]: string | undefined },
  state: string,
): boolean {
  const path = env['NOTIFY_SOCKET']
  if (process.platform !== 'linux' || path === undefined) return false
  const address = addressOf(path)
  if (!address) return false
  // Where the C library has another name no service manager of this kind is to be expected.
  using library = quietly(libc)
  if (!library) return false
  const { socket, sendto, close } = library.symbols
  const fd = socket(unixFamily, datagram | closeOnExec, 0)
  if (fd < 0) return false
  const message = Buffer.from(state)
  const sent = sendto(fd, ptr(message), message.length, noSignal, ptr(address), address.length)
  close(fd)
  return Number(sent) === message.length
}

/** A sockaddr_un; a leading @ stands for the zero byte of an abstract name. */
function addressOf(path: string): Buffer | undefined {
  const name = Buffer.from(path.replace(/^@/, '\0'))
  if (name.length === 0 || name.length > pathBytesMax) return undefined
  const family = Buffer.alloc(2)
  family.writeUInt16LE(unixFamily)
  // A path ends with a zero byte; an abstract name is as long as it is.
  return Buffer.concat(path.startsWith('@') ? [family, name] : [family, name, Buffer.alloc(1)])
}

function libc() {
  const { i32, ptr: pointer, u64, i64, u32 } = FFIType
  const signatures = {
    socket: { args: [i32, i32, i32], returns: i32 },
    sendto: { args: [i32, pointer, u64, i32, pointer, u32], returns: i64 },
    close: { args: [i32], returns: i32 },
  } as const
  const library = dlopen('libc.so.6', signatures)
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() }
}

function quietly<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
