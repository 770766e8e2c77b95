import { version as packageVersion } from '../../package.json' with { type: 'json' }

/** The version of this program, the same from source and compiled in. */
export const version: string = packageVersion
