type Fields = { readonly [name: string]: unknown }

/** The names of the given fields whose value is not the record's; a field left out is not given. */
export function differing(row: object, fields: object): string[] {
  const before = row as Fields
  return Object.entries(fields).flatMap(([name, to]) =>
    to === undefined || Bun.deepEquals(to, before[name]) ? [] : [name],
  )
}
