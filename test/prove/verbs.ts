// The executable's other verbs, as an administrator types them beside a server.

export type Ran = { readonly code: number; readonly out: string; readonly err: string }

type Typing = {
  readonly cwd?: string
  readonly env?: Record<string, string>
  /** What is typed into it. */
  readonly input?: string
}

/** Runs one verb to its end, without holding up the clients of this process. */
export async function runVerb(
  command: readonly string[],
  { cwd, env = {}, input = '' }: Typing = {},
): Promise<Ran> {
  const child = Bun.spawn([...command], {
    env: { ...process.env, ...env },
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
    ...(cwd !== undefined && { cwd }),
  })
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()]
  const [code, out = '', err = ''] = await Promise.all([child.exited, ...texts] as const)
  return { code, out, err }
}
