import init from './0001_init.sql' with { type: 'text' }
import cannedResponses from './0002_canned_responses.sql' with { type: 'text' }
import messageLikes from './0003_message_likes.sql' with { type: 'text' }
import activity from './0007_activity.sql' with { type: 'text' }

export type Migration = { readonly name: string; readonly sql: string }

/** Every schema step in order, embedded in the executable. Append only: a released one never changes. */
export const migrations: readonly Migration[] = [
  { name: '0001_init', sql: init },
  { name: '0002_canned_responses', sql: cannedResponses },
  { name: '0003_message_likes', sql: messageLikes },
  { name: '0007_activity', sql: activity },
]
