import type { EventName } from './events.ts'

// Whom an event is told outside the desk (keva.md 9.2): 'all' who subscribe to its type, by name or by a
// pattern; those who have 'named' it, for what is private to the desk; readers of the 'feed' only, where the
// contract says that it is no webhook type; the endpoint that it is about, 'itself'; 'nobody' for what concerns
// keys, sessions, workflows and one person's marks.

type Audience = 'all' | 'named' | 'feed' | 'itself' | 'nobody'

const audiences = {
  'ticket.created': 'all',
  'ticket.updated': 'all',
  'ticket.closed': 'all',
  'ticket.deleted': 'feed',
  'message.created': 'all',
  'note.created': 'named',
  'message.liked': 'nobody',
  'message.unliked': 'nobody',
  'approval.created': 'all',
  'approval.decided': 'all',
  'approval.expired': 'all',
  'customer.created': 'all',
  'customer.updated': 'all',
  'customer.exported': 'nobody',
  'customer.erased': 'all',
  'staff.created': 'all',
  'staff.updated': 'all',
  'staff.deleted': 'all',
  'settings.updated': 'all',
  'article.created': 'all',
  'article.updated': 'all',
  'article.deleted': 'all',
  'api_key.created': 'nobody',
  'api_key.updated': 'nobody',
  'api_key.revoked': 'nobody',
  'session.created': 'nobody',
  'session.revoked': 'nobody',
  'signing_key.rotated': 'nobody',
  // Whoever knows the id of a workflow may know its URL.
  'workflow.created': 'nobody',
  'workflow.updated': 'nobody',
  'workflow.activated': 'nobody',
  'workflow.deactivated': 'nobody',
  'workflow.deleted': 'nobody',
  'workflow.cut': 'nobody',
  'webhook.created': 'nobody',
  'webhook.updated': 'nobody',
  'webhook.deleted': 'nobody',
  'webhook.disabled': 'all',
  'webhook.enabled': 'all',
  'webhook.secret_rotated': 'nobody',
  'webhook.test': 'itself',
  'department.created': 'all',
  'department.updated': 'all',
  'department.deleted': 'all',
  'category.created': 'all',
  'category.updated': 'all',
  'category.deleted': 'all',
  'label.created': 'all',
  'label.updated': 'all',
  'label.deleted': 'all',
  'product.created': 'all',
  'product.updated': 'all',
  'product.deleted': 'all',
  'canned_response.created': 'all',
  'canned_response.updated': 'all',
  'canned_response.deleted': 'all',
  'custom_field.created': 'all',
  'custom_field.updated': 'all',
  'custom_field.deleted': 'all',
  'knowledge_category.created': 'all',
  'knowledge_category.updated': 'all',
  'knowledge_category.deleted': 'all',
  'backup.completed': 'named',
  'backup.failed': 'named',
} as const satisfies { readonly [N in EventName]: Audience }

type Audiences = typeof audiences

/** The events that are told outside the desk, by webhook or in the feed. */
export type ToldName = {
  [N in EventName]: Audiences[N] extends 'nobody' ? never : N
}[EventName]

const names = Object.keys(audiences) as EventName[]

/** The types of the feed: all that anybody else may know. */
export const toldNames: ToldName[] = names
  .filter(isTold)
  .filter((name) => audienceOf(name) !== 'itself')

/** The types that an endpoint can subscribe to, in the order of their list. */
export const webhookTypes: readonly EventName[] = names.filter(
  (name) => audienceOf(name) === 'all' || audienceOf(name) === 'named',
)

/** What stands for every type of a noun: `ticket.*`. */
const patterns: ReadonlySet<string> = new Set(webhookTypes.map((type) => `${nounOf(type)}.*`))
const exact: ReadonlySet<string> = new Set(webhookTypes)

export function isTold(name: EventName): name is ToldName {
  return audienceOf(name) !== 'nobody'
}

/** Whether a word subscribes to anything: an exact type, `ticket.*`, or `*`. */
export function isSubscription(word: string): boolean {
  return word === '*' || patterns.has(word) || exact.has(word)
}

/** Whether an endpoint with these words is told of a type. What is private must be named. */
export function subscribes(words: readonly string[], type: EventName): boolean {
  const audience = audienceOf(type)
  if (audience !== 'all' && audience !== 'named') return false
  if (words.includes(type)) return true
  if (words.includes(`${nounOf(type)}.*`)) return true
  return audience === 'all' && words.includes('*')
}

function audienceOf(name: EventName): Audience {
  return audiences[name]
}

function nounOf(type: EventName): string {
  return type.slice(0, type.indexOf('.'))
}
