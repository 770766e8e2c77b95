import { insertLike, likedBy, removeLike } from '../store/likes.ts'
import { messageById } from '../store/messages.ts'
import { found } from './errors.ts'
import type { Message } from './messages.ts'
import type { Reader, Tx } from './tx.ts'

export type Liked = { readonly isLiked: boolean; readonly count: number }

/** Likes a message of the ticket, or takes the like back. Throws `not_found` for another ticket's. */
export function toggleLike(
  tx: Tx,
  ticketId: number,
  messageId: number | undefined,
  staffId: number,
): Liked {
  const message = found(messageOf(tx, ticketId, messageId), 'message')
  const like = { messageId: message.id, staffId }
  const isLiked = !removeLike(tx.q, like)
  if (isLiked) insertLike(tx.q, { ...like, createdAt: tx.now })
  tx.emit(isLiked ? 'message.liked' : 'message.unliked', ticketId, { ...like })
  return { isLiked, count: messageById(tx.q, message.id)?.likesCount ?? 0 }
}

/** Which of these messages the person likes. */
export function likedMessages(
  reader: Reader,
  staffId: number,
  messages: readonly Message[],
): ReadonlySet<number> {
  return likedBy(
    reader.q,
    staffId,
    messages.map((message) => message.id),
  )
}

function messageOf(reader: Reader, ticketId: number, id: number | undefined): Message | undefined {
  const message = id === undefined ? undefined : messageById(reader.q, id)
  return message?.ticketId === ticketId ? message : undefined
}
