// The event feed of the desks, as one reader of its stream sees it.

import type { Followed, Following } from './follower.ts'
import { startHelper } from './helpers.ts'
import type { Desk, Field } from './servers.ts'

const eventsPerSecond = 20
const liveSeconds = 5

export type TimedFeed = { readonly replay: Followed; readonly live: Followed }

/** Reads the large desk from its oldest event for so many seconds, and follows changes of the small one. */
export async function timeFeed({ large, small }: Field, seconds: number): Promise<TimedFeed> {
  using follower = startHelper<Following, Followed>('follower.ts')
  const [ticket = ''] = small.seeded.sample.map(({ uid }) => `tkt_${uid}`)
  const live = { ticket, perSecond: eventsPerSecond }
  return {
    replay: await follower.ask({ ...readerOf(large), seconds, what: 'replay' }),
    live: await follower.ask({ ...readerOf(small), seconds: liveSeconds, what: live }),
  }
}

function readerOf({ server, seeded }: Desk): Pick<Following, 'url' | 'key'> {
  const [key = ''] = seeded.keva
  return { url: server.url, key }
}
