import { valuesIn, variableOf, type Effective } from './effective.ts'
import { entries, sections } from './table.ts'

/** The commented sample file: each setting with its meaning, its unit and its default. */
export function sampleSettings(): string {
  const lines = sections.flatMap((section) => [
    '',
    `[${section}]`,
    ...entries
      .filter((entry) => entry.section === section)
      .flatMap(({ name, setting: { meaning, unit, kind, initial } }) => [
        `# ${meaning} (${unit})`,
        `# ${name} = ${kind.toToml(initial)}`,
      ]),
  ])
  const intro = '# Settings of Deskbox. To change one, take the # away before its name.'
  return [intro, ...lines, ''].join('\n')
}

/** The table of settings as the README has it. */
export function settingsTable(): string {
  const rows = entries.map(({ dotted, setting: { kind, initial, meaning, isReloaded } }) => {
    const when = isReloaded ? 'reload' : 'restart'
    return `| \`${dotted}\` | \`${kind.toToml(initial)}\` | ${meaning} | ${when} |`
  })
  return ['| setting | default | meaning | taken on |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

/** The names of all settings, or those of a section with their meanings, for a terminal. */
export function settingsHelp(section?: string): string | undefined {
  if (section === undefined) return sections.flatMap(namesIn).join('\n')
  const found = entries.filter((entry) => entry.section === section)
  if (found.length === 0) return undefined
  const lines = found.flatMap(({ dotted, setting }) => {
    const { kind, initial, meaning, unit, isReloaded } = setting
    const when = `(${unit}; taken on ${isReloaded ? 'reload' : 'restart'})`
    return [...folded(`${dotted} = ${kind.toToml(initial)}`, 0), ...folded(`${meaning} ${when}`, 4)]
  })
  return lines.join('\n')
}

const columnsMost = 80
const sectionWidth = Math.max(...sections.map((section) => section.length)) + 4

function namesIn(section: string): string[] {
  const names = entries.filter((entry) => entry.section === section).map(({ name }) => name)
  return folded(names.join(' '), sectionWidth).map((line, at) =>
    at === 0 ? `  ${section}`.padEnd(sectionWidth) + line.trimStart() : line,
  )
}

/** A text on as many lines as it takes, each so far in. */
function folded(text: string, indent: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length >= columnsMost) {
      lines.push(' '.repeat(indent) + word)
    } else lines.splice(-1, 1, `${last} ${word}`)
  }
  return lines
}

/** The default of a setting, for the help of its flag. */
export function defaultOf(dotted: string): string {
  const found = entries.find((entry) => entry.dotted === dotted)
  return found ? String(found.setting.initial) : ''
}

/** Each setting with its value, as far as it may be shown, and where that came from. */
export function shownSettings({ settings, origins }: Effective) {
  const values = valuesIn(settings)
  return entries.map((entry) => {
    const { dotted, setting } = entry
    const held = values.get(dotted) ?? setting.initial
    const value = setting.masked?.(held) ?? held
    return {
      name: dotted,
      value,
      text: setting.kind.toToml(value),
      origin: origins.get(dotted) ?? 'default',
      variable: variableOf(entry),
    }
  })
}
