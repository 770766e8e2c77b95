import { databaseName } from './folder.ts'

type Remedy = { readonly sign: RegExp; readonly says: (directory: string) => string }

const remedies: readonly Remedy[] = [
  {
    sign: /^SQLITE_(?:CORRUPT|NOTADB)/,
    says: (directory) =>
      `${directory}/${databaseName} is damaged. Nothing was changed: restore the newest backup ` +
      'with deskbox restore, which keeps the damaged files',
  },
  {
    sign: /^(?:SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/,
    says: (directory) => `The disk is full: free some space where ${directory} lies`,
  },
  {
    sign: /^(?:SQLITE_IOERR|EIO)/,
    says: (directory) =>
      `The disk fails where ${directory} lies: the system's own log tells more. If it does not recover, ` +
      'restore the newest backup on another disk with deskbox restore',
  },
  {
    sign: /^(?:SQLITE_(?:READONLY|CANTOPEN|PERM)|EACCES|EPERM|EROFS)/,
    says: (directory) =>
      `${directory} cannot be written to: it and what is in it must belong to the user that runs ` +
      'deskbox (chown -R), on a disk that is not mounted read-only',
  },
]

/** An error of the disk or the file with the folder's name and what can be done; others as they are. */
export function withRemedy(err: unknown, directory: string): unknown {
  if (!(err instanceof Error) || !('code' in err) || typeof err.code !== 'string') return err
  const { code, message } = err
  const remedy = remedies.find(({ sign }) => sign.test(code))
  return remedy ? new Error(`${remedy.says(directory)} (${message})`, { cause: err }) : err
}
