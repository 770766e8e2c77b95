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
