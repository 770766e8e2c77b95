// What a process of this machine takes, as its system tells.

import { readFileSync } from 'node:fs'

const ticksPerSecond = 100

/** CPU time of all threads so far, in ms; NaN where the system does not tell. */
export function cpuMs(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'rss=', '-p', String(pid)])
  return (Number(stdout.toString().trim()) * 1024) / 1e6
}
