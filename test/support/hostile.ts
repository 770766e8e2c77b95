// Receivers that do what a receiver must not. Each answers the first bytes of a request in its own way.

import type { Socket, TCPSocketListener } from 'bun'

type State = { hasBegun: boolean; pour?: () => void; timer?: Timer }
type Peer = Socket<State>

export type Misbehaviour = (peer: Peer) => void

const ok = 'HTTP/1.1 200 OK\r\n'

/** One character at a time, for ever. */
function drip(text: string): Misbehaviour {
  return (peer) => {
    let at = 0
    peer.data.timer = setInterval(() => peer.write(text.charAt(at++ % text.length)), 20)
  }
}

/** As much as the other side takes, for ever. */
function flood(head: string, chunk: string): Misbehaviour {
  return (peer) => {
    peer.write(head)
    peer.data.pour = () => {
      for (let n = 0; n < 50 && peer.write(chunk) > 0; n++);
    }
    peer.data.pour()
  }
}

function say(text: string, andEnd = false): Misbehaviour {
  return (peer) => {
    peer.write(text)
    if (andEnd) peer.end()
  }
}

export const misbehaviours = {
  'resets the connection': (peer) => peer.terminate(),
  'never answers': () => {},
  'closes without an answer': (peer) => peer.end(),
  'drips headers': drip(`${ok}X-Slow: ${'a'.repeat(5000)}`),
  'drips a body': (peer) => {
    peer.write(`${ok}Content-Length: 100000\r\n\r\n`)
    drip('x')(peer)
  },
  'sends chunks without end': flood(
    `${ok}Transfer-Encoding: chunked\r\n\r\n`,
    `10000\r\n${'x'.repeat(65_536)}\r\n`,
  ),
  'sends a body of 100 GB': flood(`${ok}Content-Length: 99999999999\r\n\r\n`, 'x'.repeat(65_536)),
  'sends a gzip bomb': flood(
    `${ok}Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `10000\r\n${'\u0000'.repeat(65_536)}\r\n`,
  ),
  'sends headers without end': flood(ok, `X-More: ${'y'.repeat(1000)}\r\n`),
  'sends a header without end': flood(`${ok}X-Long: `, 'y'.repeat(65_536)),
  'sends early hints without end': flood('', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'),
  'sends garbage': say('\u0000\u0001garbage\r\n\r\n', true),
  'breaks off its body': say(`${ok}Content-Length: 50\r\n\r\nshort`, true),
} satisfies { readonly [what: string]: Misbehaviour }

/** A receiver on loopback that answers every connection so. */
export function misbehave(how: Misbehaviour): TCPSocketListener<State> {
  return Bun.listen<State>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(peer) {
        peer.data = { hasBegun: false }
      },
      data(peer) {
        if (peer.data.hasBegun) return
        peer.data.hasBegun = true
        how(peer)
      },
      drain: (peer) => peer.data.pour?.(),
      close: (peer) => clearInterval(peer.data.timer),
      error() {},
    },
  })
}
