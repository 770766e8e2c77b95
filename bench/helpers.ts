// Every server and the load generator are processes of their own, so that none takes time from
// another's event loop. They do what they are asked over a channel, one thing at a time.

import { join } from 'node:path'

export type Helper<Ask, Reply> = {
  readonly pid: number
  ask(what: Ask): Promise<Reply>
} & Disposable

type Failure = { readonly failure: string }

/** Starts a module of this folder in a process of its own. */
export function startHelper<Ask, Reply>(module: string, args: string[] = []): Helper<Ask, Reply> {
  let settle: ((reply: Reply | Failure) => void) | undefined
  const child = Bun.spawn([process.execPath, join(import.meta.dir, module), ...args], {
    stdout: 'inherit',
    stderr: 'inherit',
    ipc: (reply: Reply | Failure) => settle?.(reply),
  })
  const ended = child.exited.then((code): Failure => ({ failure: `${module} ended with ${code}` }))
  return {
    pid: child.pid,
    async ask(what) {
      const { promise, resolve } = Promise.withResolvers<Reply | Failure>()
      settle = resolve
      child.send(what)
      const reply = await Promise.race([promise, ended])
      if (isFailure(reply)) throw new Error(reply.failure)
      return reply
    },
    [Symbol.dispose]: () => child.kill('SIGKILL'),
  }
}

function isFailure(reply: unknown): reply is Failure {
  return typeof reply === 'object' && reply !== null && 'failure' in reply
}

/** In a helper: answers what the main process asks. */
export function answerParent(answer: (what: never) => Promise<unknown>): void {
  process.on('message', (what) => {
    answer(what as never).then(
      (reply) => process.send?.(reply),
      (err: unknown) => process.send?.({ failure: String(err) }),
    )
  })
}
