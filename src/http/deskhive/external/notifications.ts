import { z } from 'zod'
import {
  listNotifications,
  readAllNotifications,
  readNotification,
  unreadCount,
  type Notification,
  type NotificationKind,
} from '../../../domain/notifications.ts'
import { integerId } from '../../../lib/ids.ts'
import { isoSeconds } from '../../../lib/time.ts'
import type { Endpoint } from '../../endpoint.ts'
import { agentList, agentSingle, agentTold, listed, pagingOf, pagingQuery } from '../envelope.ts'
import { date, hashed, statusWordOf } from '../shapes.ts'
import { agentIdOf } from './own.ts'

const notificationsPerPage = 20
const tag = 'Notifications'
const markedOne = 'Notification marked as read'
const markedAll = 'All notifications marked as read'

const shape = z
  .strictObject({
    id: z.int(),
    type: z.enum(['ticket_reply', 'ticket_assigned', 'ticket_status_changed']),
    title: z.string(),
    message: z.string(),
    ticket_id: z.int(),
    sender_name: z.string().nullable(),
    sender_avatar: z.string().nullable(),
    is_read: z.boolean(),
    created_at: date,
  })
  .meta({ id: 'Notification' })

const unread = z.strictObject({ unread_count: z.int().min(0) })

/** deskhive.md 23.2; reading all at once is ours. */
export const notifications: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/notifications',
    scope: null,
    tag,
    summary: "List the agent's notifications, newest first",
    query: z.object(pagingQuery(notificationsPerPage)),
    answer: { status: 200, shape: agentList(shape) },
    run(call) {
      const paging = pagingOf(call.query, notificationsPerPage)
      const page = listNotifications(call.tx, agentIdOf(call), paging.range)
      return { status: 200, body: { status: true, ...listed(paging, page, present) } }
    },
  },
  {
    method: 'GET',
    path: '/notifications/unread-count',
    scope: null,
    tag,
    summary: 'Count the notifications that are not read yet',
    answer: { status: 200, shape: agentSingle(unread) },
    run(call) {
      const data = { unread_count: unreadCount(call.tx, agentIdOf(call)) }
      return { status: 200, body: { status: true, data } }
    },
  },
  {
    method: 'POST',
    path: '/notifications/read-all',
    scope: null,
    tag,
    summary: 'Mark all notifications as read',
    answer: { status: 200, shape: agentTold(unread, markedAll) },
    run(call) {
      const agentId = agentIdOf(call)
      readAllNotifications(call.tx, agentId)
      const data = { unread_count: unreadCount(call.tx, agentId) }
      return { status: 200, body: { status: true, data, message: markedAll } }
    },
  },
  {
    method: 'POST',
    path: '/notifications/:id/read',
    scope: null,
    tag,
    summary: 'Mark a notification as read',
    answer: { status: 200, shape: agentTold(shape, markedOne) },
    run(call) {
      const id = integerId(call.params['id'] ?? '')
      const data = present(readNotification(call.tx, agentIdOf(call), id))
      return { status: 200, body: { status: true, data, message: markedOne } }
    },
  },
]

function present(notification: Notification) {
  const { kind, reference, detail } = notification
  const words = texts[kind]
  return {
    id: notification.id,
    type: kind,
    title: `${words.title} ${hashed(reference)}`,
    message: words.message(detail),
    ticket_id: notification.ticketId,
    sender_name: notification.senderName,
    sender_avatar: notification.senderAvatarUrl,
    is_read: notification.isRead,
    created_at: isoSeconds(notification.createdAt),
  }
}

type Words = { readonly title: string; readonly message: (detail: string | null) => string }

const texts: { readonly [K in NotificationKind]: Words } = {
  ticket_reply: { title: 'New reply on', message: () => 'Customer replied to your ticket' },
  ticket_assigned: { title: 'New ticket', message: () => 'A ticket was assigned to you' },
  ticket_status_changed: {
    title: 'Status changed on',
    message: (status) => `Ticket is now ${statusWordOf(status)}`,
  },
}
