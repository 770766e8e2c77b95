import { integer, real, sqliteTable, text } from 'drizzle-orm/sqlite-core'

// The mirror of migrations/*.sql, which are the truth; test/store/schema.test.ts compares the two.
// Column names are the snake_case of the keys.

export const ticketStatuses = ['open', 'in_progress', 'on_hold', 'solved', 'closed'] as const
export const ticketPriorities = ['low', 'medium', 'high', 'urgent'] as const
export const senderKinds = ['customer', 'staff', 'system', 'workflow', 'ai'] as const
export const repliers = ['staff', 'customer'] as const
export const staffRoles = ['admin', 'agent'] as const
export const keyKinds = ['keva', 'internal', 'external'] as const
export const audiences = ['internal', 'external'] as const
export const publications = ['published', 'draft'] as const
export const articleStatuses = ['published', 'draft', 'archived'] as const
export const articleSources = ['manual', 'ai'] as const
export const escalationLevels = ['standard', 'high', 'critical'] as const
export const actorKinds = ['key', 'staff', 'job', 'system'] as const
export const agentFigures = ['waiting', 'ended'] as const
export const notificationKinds = [
  'ticket_reply',
  'ticket_assigned',
  'ticket_status_changed',
] as const
export const disabledReasons = ['gone', 'failing'] as const
export const deliveryStatuses = ['pending', 'delivered', 'dead'] as const
export const deadReasons = ['exhausted', 'gone', 'disabled', 'blocked'] as const
export const triggerKinds = [
  'ticket_created',
  'ticket_updated',
  'ticket_closed',
  'ticket_status_changed',
  'ticket_assigned',
  'message_received',
  'tag_added',
  'scheduled',
  'webhook',
  'manual',
] as const
export const misfirePolicies = ['skip', 'run_once', 'run_all'] as const
export const runStatuses = ['running', 'waiting', 'completed', 'failed', 'skipped'] as const
export const runWaits = ['delay', 'retry', 'turn', 'call', 'approval'] as const
export const nodeKinds = ['trigger', 'condition', 'action', 'delay', 'end'] as const
export const stepStatuses = ['done', 'calling', 'waiting', 'failed'] as const
export const plannedOutcomes = ['run', 'late', 'missed'] as const
export const countDimensions = ['all', 'department', 'assignee', 'agent'] as const
export const dayDimensions = ['department', 'agent'] as const
export const approvalActions = [
  'send_reply',
  'update_ticket',
  'create_kb_entry',
  'platform_action',
] as const
export const approvalStatuses = ['pending', 'approved', 'rejected', 'expired'] as const
export const riskLevels = ['low', 'medium', 'high'] as const
export const customFieldTypes = [
  'date',
  'datetime_local',
  'email',
  'number',
  'tel',
  'text',
  'textarea',
  'time',
  'url',
] as const

const flag = () => integer({ mode: 'boolean' }).notNull().default(false)
const flagKey = () => integer({ mode: 'boolean' }).notNull()
const millis = () => integer()
const stamps = () => ({ createdAt: millis().notNull(), updatedAt: millis().notNull() })
const autoId = () => integer().primaryKey({ autoIncrement: true })
const figure = () => integer().notNull().default(0)
const published = () => text({ enum: publications }).notNull().default('published')

export const meta = sqliteTable('meta', {
  name: text().primaryKey(),
  value: text().notNull(),
})

export const counters = sqliteTable('counters', {
  name: text().primaryKey(),
  value: integer().notNull(),
})

export const staff = sqliteTable('staff', {
  id: autoId(),
  uid: text().notNull(),
  role: text({ enum: staffRoles }).notNull(),
  name: text().notNull(),
  email: text(),
  emailKey: text(),
  passwordHash: text(),
  phone: text(),
  locale: text(),
  avatarUrl: text(),
  isActive: integer({ mode: 'boolean' }).notNull().default(true),
  notificationSettings: text({ mode: 'json' })
    .$type<{ [type: string]: unknown }>()
    .notNull()
    .default({}),
  lastAssignedAt: millis(),
  ...stamps(),
  sortName: text().notNull().default(''),
})

export const departments = sqliteTable('departments', {
  id: autoId(),
  name: text().notNull(),
  description: text(),
  email: text(),
  isDefault: flag(),
  status: published(),
  sortOrder: integer().notNull().default(0),
  ...stamps(),
})

export const departmentAgents = sqliteTable('department_agents', {
  departmentId: integer().notNull(),
  staffId: integer().notNull(),
})

export const categories = sqliteTable('categories', {
  id: autoId(),
  name: text().notNull(),
  description: text(),
  parentId: integer(),
  status: published(),
  sortOrder: integer().notNull().default(0),
  ...stamps(),
})

export const products = sqliteTable('products', {
  id: autoId(),
  name: text().notNull(),
  sortName: text().notNull(),
  envatoId: text(),
  description: text(),
  price: real(),
  status: published(),
  ...stamps(),
})

export const labels = sqliteTable('labels', {
  id: autoId(),
  name: text().notNull(),
  color: text().notNull(),
  status: published(),
  sortOrder: integer().notNull().default(0),
  ...stamps(),
})

export const customers = sqliteTable('customers', {
  id: autoId(),
  uid: text().notNull(),
  email: text().notNull(),
  emailKey: text().notNull(),
  name: text(),
  sortName: text().notNull(),
  phone: text(),
  company: text(),
  jobTitle: text(),
  location: text(),
  timezone: text(),
  avatarUrl: text(),
  envatoUsername: text(),
  isVip: flag(),
  priorityOverride: text({ enum: ticketPriorities }),
  tags: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
  notes: text(),
  isBlocked: flag(),
  blockReason: text(),
  overallSentiment: text(),
  sentimentTrend: text(),
  salesforceContactId: text(),
  hubspotContactId: text(),
  totalTickets: integer().notNull().default(0),
  openTickets: integer().notNull().default(0),
  resolvedTickets: integer().notNull().default(0),
  resolutionMs: integer().notNull().default(0),
  firstTicketAt: millis(),
  lastTicketAt: millis(),
  version: integer().notNull().default(1),
  ...stamps(),
})

export const tickets = sqliteTable('tickets', {
  id: integer().primaryKey(),
  uid: text().notNull(),
  reference: text().notNull(),
  subject: text().notNull(),
  status: text({ enum: ticketStatuses }).notNull().default('open'),
  priority: text({ enum: ticketPriorities }).notNull().default('medium'),
  source: text().notNull(),
  customerId: integer(),
  departmentId: integer(),
  categoryId: integer(),
  productId: integer(),
  assignedTo: integer(),
  isAssignedToAi: flag(),
  isResolved: flag(),
  isLocked: flag(),
  resolutionType: text(),
  escalationLevel: text({ enum: escalationLevels }),
  escalationReason: text(),
  escalatedBy: integer(),
  escalatedAt: millis(),
  messagesCount: integer().notNull().default(0),
  lastReplyAt: millis(),
  lastReplyBy: text({ enum: repliers }),
  lastPublicMessageBy: text({ enum: repliers }),
  firstResponseAt: millis(),
  closedAt: millis(),
  eventSequence: integer().notNull().default(0),
  version: integer().notNull().default(1),
  ...stamps(),
})

export const ticketLabels = sqliteTable('ticket_labels', {
  ticketId: integer().notNull(),
  labelId: integer().notNull(),
  position: integer().notNull(),
})

export const ticketAgents = sqliteTable('ticket_agents', {
  ticketId: integer().notNull(),
  staffId: integer().notNull(),
  ticketCreatedAt: millis().notNull(),
})

export const customFields = sqliteTable('custom_fields', {
  id: autoId(),
  label: text().notNull(),
  description: text(),
  type: text({ enum: customFieldTypes }).notNull(),
  isRequired: flag(),
  sortOrder: integer().notNull().default(0),
  status: published(),
  ...stamps(),
})

export const ticketCustomValues = sqliteTable('ticket_custom_values', {
  ticketId: integer().notNull(),
  customFieldId: integer().notNull(),
  value: text().notNull(),
})

export const messages = sqliteTable('messages', {
  id: autoId(),
  uid: text().notNull(),
  ticketId: integer().notNull(),
  senderKind: text({ enum: senderKinds }).notNull(),
  senderRole: text({ enum: staffRoles }),
  staffId: integer(),
  customerId: integer(),
  senderName: text(),
  senderEmail: text(),
  body: text().notNull(),
  isInternal: flag(),
  isOpening: flag(),
  likesCount: integer().notNull().default(0),
  ...stamps(),
})

export const messageLikes = sqliteTable('message_likes', {
  messageId: integer().notNull(),
  staffId: integer().notNull(),
  createdAt: millis().notNull(),
})

export const apiKeys = sqliteTable('api_keys', {
  id: autoId(),
  uid: text().notNull(),
  kind: text({ enum: keyKinds }).notNull(),
  name: text().notNull(),
  hash: text().notNull(),
  last4: text().notNull(),
  scopes: text({ mode: 'json' }).$type<string[]>(),
  isSpecial: flag(),
  ownerId: integer(),
  agentId: integer(),
  expiresAt: millis(),
  revokedAt: millis(),
  lastUsedAt: millis(),
  ...stamps(),
})

export const events = sqliteTable('events', {
  sequence: autoId(),
  uid: text().notNull(),
  type: text().notNull(),
  ticketId: integer(),
  ticketSequence: integer(),
  actorKind: text({ enum: actorKinds }).notNull(),
  actorKeyId: integer(),
  actorStaffId: integer(),
  ipAddress: text(),
  body: text().notNull(),
  createdAt: millis().notNull(),
})

export const activity = sqliteTable('activity', {
  id: autoId(),
  eventSequence: integer().notNull(),
  kind: text().notNull(),
  subject: text(),
  detail: text(),
  ticketId: integer(),
  staffId: integer(),
  ipAddress: text(),
  createdAt: millis().notNull(),
})

export const notifications = sqliteTable('notifications', {
  id: autoId(),
  staffId: integer().notNull(),
  ticketId: integer().notNull(),
  kind: text({ enum: notificationKinds }).notNull(),
  detail: text(),
  senderName: text(),
  senderAvatarUrl: text(),
  isRead: flag(),
  createdAt: millis().notNull(),
})

export const notificationCounts = sqliteTable('notification_counts', {
  staffId: integer().primaryKey(),
  total: integer().notNull(),
  unread: integer().notNull(),
})

export const agentCounts = sqliteTable('agent_counts', {
  staffId: integer().notNull(),
  figure: text({ enum: agentFigures }).notNull(),
  day: integer().notNull(),
  tickets: integer().notNull(),
})

export const idempotency = sqliteTable('idempotency', {
  id: autoId(),
  caller: text().notNull(),
  idempotencyKey: text().notNull(),
  fingerprint: text().notNull(),
  status: integer().notNull(),
  body: text().notNull(),
  isSealed: flag(),
  createdAt: millis().notNull(),
  version: integer(),
})

export const cannedResponses = sqliteTable('canned_responses', {
  id: autoId(),
  title: text().notNull(),
  content: text(),
  category: text(),
  shortcut: text(),
  isActive: integer({ mode: 'boolean' }).notNull().default(true),
  sortOrder: integer().notNull().default(0),
  ...stamps(),
})

export const settings = sqliteTable('settings', {
  name: text().primaryKey(),
  value: text().notNull(),
})

export const knowledgeCategories = sqliteTable('knowledge_categories', {
  id: autoId(),
  name: text().notNull(),
  description: text(),
  icon: text(),
  status: published(),
  sortOrder: integer().notNull().default(0),
  articlesCount: integer().notNull().default(0),
  ...stamps(),
})

export const articles = sqliteTable('articles', {
  id: autoId(),
  uid: text().notNull(),
  status: text({ enum: articleStatuses }).notNull().default('published'),
  source: text({ enum: articleSources }).notNull().default('manual'),
  categoryId: integer(),
  authorId: integer(),
  views: integer().notNull().default(0),
  helpfulYes: integer().notNull().default(0),
  helpfulNo: integer().notNull().default(0),
  version: integer().notNull().default(1),
  ...stamps(),
  title: text().notNull(),
  slug: text().notNull(),
  excerpt: text(),
  content: text(),
})

export const articleCounts = sqliteTable('article_counts', {
  categoryId: integer().notNull(),
  status: text({ enum: articleStatuses }).notNull(),
  articles: integer().notNull(),
})

export const sessions = sqliteTable('sessions', {
  id: autoId(),
  uid: text().notNull(),
  staffId: integer().notNull(),
  audience: text({ enum: audiences }).notNull(),
  ipAddress: text(),
  userAgent: text(),
  expiresAt: millis().notNull(),
  revokedAt: millis(),
  createdAt: millis().notNull(),
})

export const refreshTokens = sqliteTable('refresh_tokens', {
  id: autoId(),
  sessionId: integer().notNull(),
  hash: text().notNull(),
  expiresAt: millis().notNull(),
  usedAt: millis(),
  createdAt: millis().notNull(),
})

export const webhookEndpoints = sqliteTable('webhook_endpoints', {
  id: autoId(),
  uid: text().notNull(),
  url: text().notNull(),
  description: text(),
  events: text({ mode: 'json' }).$type<string[]>().notNull(),
  sealedHeaders: text(),
  isActive: integer({ mode: 'boolean' }).notNull().default(true),
  isOrdered: flag(),
  disabledReason: text({ enum: disabledReasons }),
  disabledAt: millis(),
  failingSince: millis(),
  pausedUntil: millis(),
  deletedAt: millis(),
  ...stamps(),
})

export const webhookSecrets = sqliteTable('webhook_secrets', {
  id: autoId(),
  endpointId: integer().notNull(),
  sealedSecret: text().notNull(),
  expiresAt: millis(),
  createdAt: millis().notNull(),
})

export const deliveries = sqliteTable('deliveries', {
  id: autoId(),
  uid: text().notNull(),
  endpointId: integer().notNull(),
  eventSequence: integer().notNull(),
  eventUid: text().notNull(),
  eventType: text().notNull(),
  ticketId: integer(),
  hops: integer().notNull().default(1),
  body: text().notNull(),
  status: text({ enum: deliveryStatuses }).notNull().default('pending'),
  deadReason: text({ enum: deadReasons }),
  attempts: integer().notNull().default(0),
  earlierAttempts: integer().notNull().default(0),
  dueAt: millis(),
  lease: text(),
  leasedUntil: millis(),
  lastAttemptAt: millis(),
  settledAt: millis(),
  createdAt: millis().notNull(),
})

export const deliveryAttempts = sqliteTable('delivery_attempts', {
  id: autoId(),
  deliveryId: integer().notNull(),
  number: integer().notNull(),
  responseStatus: integer(),
  failure: text(),
  responseText: text(),
  durationMs: millis().notNull(),
  nextAttemptAt: millis(),
  createdAt: millis().notNull(),
})

export const deliveryCounts = sqliteTable('delivery_counts', {
  endpointId: integer().notNull(),
  eventType: text().notNull(),
  status: text({ enum: deliveryStatuses }).notNull(),
  deliveries: integer().notNull(),
})

/** How an AI sees a customer's request (keva.md 5.3). */
export type Classification = {
  readonly category: string
  readonly sentiment: string
  readonly urgency: string
}

/** Why an AI proposes what it proposes; its confidence from 0 to 1. */
export type Reasoning = {
  readonly context: string
  readonly approach: string
  readonly confidence: number
}

/** What an action changes, in texts for people. */
export type DiffLine = { readonly field: string; readonly before: string; readonly after: string }

/** A proposed change of a ticket; people and labels are looked up when it is carried out. */
export type ProposedChanges = {
  readonly subject?: string | undefined
  readonly status?:
    { readonly to: TicketStatus; readonly unless: readonly TicketStatus[] } | undefined
  readonly priority?: TicketPriority | undefined
  /** The uid of a staff member, the AI, or nobody. */
  readonly assigneeUid?: string | null | undefined
  readonly labels?: readonly string[] | undefined
  readonly resolutionType?: string | null | undefined
}

export const approvals = sqliteTable('approvals', {
  id: autoId(),
  uid: text().notNull(),
  ticketId: integer(),
  actionType: text({ enum: approvalActions }).notNull(),
  status: text({ enum: approvalStatuses }).notNull().default('pending'),
  draft: text(),
  editedDraft: text(),
  title: text(),
  category: text(),
  changes: text({ mode: 'json' }).$type<ProposedChanges>(),
  platform: text(),
  actionId: text(),
  description: text(),
  params: text({ mode: 'json' }).$type<{ readonly [name: string]: unknown }>(),
  riskLevel: text({ enum: riskLevels }),
  diff: text({ mode: 'json' }).$type<readonly DiffLine[]>().notNull().default([]),
  model: text(),
  classification: text({ mode: 'json' }).$type<Classification>(),
  reasoning: text({ mode: 'json' }).$type<Reasoning>(),
  feedback: text(),
  customerMessageId: integer(),
  ticketClosedAt: millis(),
  messageId: integer(),
  articleId: integer(),
  proposedByKeyId: integer(),
  decidedByKeyId: integer(),
  decidedById: integer(),
  expiresAt: millis().notNull(),
  decidedAt: millis(),
  ...stamps(),
})

export const workflows = sqliteTable('workflows', {
  id: autoId(),
  uid: text().notNull(),
  name: text().notNull(),
  description: text(),
  triggerType: text().notNull(),
  triggerKind: text({ enum: triggerKinds }).notNull(),
  isActive: flag(),
  version: integer().notNull().default(1),
  autonomyLevel: integer(),
  schedule: text(),
  timezone: text(),
  misfirePolicy: text({ enum: misfirePolicies }).notNull().default('run_once'),
  nextRunAt: millis(),
  sealedSecret: text(),
  executionCount: figure(),
  shownRuns: figure(),
  skippedRuns: figure(),
  lastTriggeredAt: millis(),
  rowVersion: integer().notNull().default(1),
  ...stamps(),
  deletedAt: millis(),
})

/** A graph is the text that was sent: keys that mean nothing here go back as they came. */
export const workflowVersions = sqliteTable('workflow_versions', {
  workflowId: integer().notNull(),
  version: integer().notNull(),
  triggerType: text().notNull(),
  graph: text().notNull(),
  createdByKeyId: integer(),
  createdByStaffId: integer(),
  createdAt: millis().notNull(),
})

export const workflowRuns = sqliteTable('workflow_runs', {
  id: autoId(),
  uid: text().notNull(),
  workflowId: integer().notNull(),
  version: integer().notNull(),
  ticketId: integer(),
  messageId: integer(),
  triggerType: text().notNull(),
  triggerData: text().notNull(),
  cause: text(),
  depth: figure(),
  rootId: integer(),
  isCut: flag(),
  status: text({ enum: runStatuses }).notNull().default('running'),
  waitsFor: text({ enum: runWaits }),
  nodeId: text(),
  variables: text().notNull().default('{}'),
  steps: figure(),
  attempts: figure(),
  dueAt: millis(),
  approvalId: integer(),
  error: text(),
  startedAt: millis().notNull(),
  completedAt: millis(),
  hops: figure(),
})

export const workflowSteps = sqliteTable('workflow_steps', {
  id: autoId(),
  uid: text().notNull(),
  runId: integer().notNull(),
  position: integer().notNull(),
  nodeId: text().notNull(),
  kind: text({ enum: nodeKinds }).notNull(),
  status: text({ enum: stepStatuses }).notNull(),
  detail: text().notNull(),
  attempts: figure(),
  dueAt: millis(),
  lease: text(),
  error: text(),
  createdAt: millis().notNull(),
  settledAt: millis(),
})

export const workflowTimes = sqliteTable('workflow_times', {
  workflowId: integer().notNull(),
  plannedAt: millis().notNull(),
  outcome: text({ enum: plannedOutcomes }).notNull(),
  runId: integer(),
  createdAt: millis().notNull(),
})

export const workflowTimers = sqliteTable('workflow_timers', {
  workflowId: integer().notNull(),
  ticketId: integer().notNull(),
  dueAt: millis().notNull(),
  depth: figure(),
  rootId: integer(),
  hops: figure(),
})

export const ticketCounts = sqliteTable('ticket_counts', {
  dimension: text({ enum: countDimensions }).notNull(),
  member: integer().notNull(),
  status: text({ enum: ticketStatuses }).notNull(),
  priority: text({ enum: ticketPriorities }).notNull(),
  tickets: integer().notNull(),
})

export const departmentCounts = sqliteTable('department_counts', {
  staffId: integer().notNull(),
  departmentId: integer().notNull(),
  isUnassigned: flagKey(),
  status: text({ enum: ticketStatuses }).notNull(),
  priority: text({ enum: ticketPriorities }).notNull(),
  isWaiting: flagKey(),
  tickets: integer().notNull(),
})

export const ticketDays = sqliteTable('ticket_days', {
  dimension: text({ enum: dayDimensions }).notNull(),
  member: integer().notNull(),
  day: integer().notNull(),
  open: figure(),
  inProgress: figure(),
  onHold: figure(),
  solved: figure(),
  closed: figure(),
  low: figure(),
  medium: figure(),
  high: figure(),
  urgent: figure(),
  unassigned: figure(),
  responses: figure(),
  responseMs: figure(),
  resolutions: figure(),
  resolutionMs: figure(),
  replies: figure(),
  likes: figure(),
})

export type StaffRow = typeof staff.$inferSelect
export type CustomerRow = typeof customers.$inferSelect
export type TicketRow = typeof tickets.$inferSelect
export type MessageRow = typeof messages.$inferSelect
export type LabelRow = typeof labels.$inferSelect
export type DepartmentRow = typeof departments.$inferSelect
export type CategoryRow = typeof categories.$inferSelect
export type ProductRow = typeof products.$inferSelect
export type CannedResponseRow = typeof cannedResponses.$inferSelect
export type CustomFieldRow = typeof customFields.$inferSelect
export type KnowledgeCategoryRow = typeof knowledgeCategories.$inferSelect
export type ArticleRow = typeof articles.$inferSelect
export type ApiKeyRow = typeof apiKeys.$inferSelect
export type ActivityRow = typeof activity.$inferSelect
export type NotificationRow = typeof notifications.$inferSelect
export type WebhookEndpointRow = typeof webhookEndpoints.$inferSelect
export type DeliveryRow = typeof deliveries.$inferSelect
export type DeliveryStatus = DeliveryRow['status']
export type DeadReason = (typeof deadReasons)[number]
export type ApprovalRow = typeof approvals.$inferSelect
export type ApprovalAction = ApprovalRow['actionType']
export type ApprovalStatus = ApprovalRow['status']
export type RiskLevel = (typeof riskLevels)[number]
export type WorkflowRow = typeof workflows.$inferSelect
export type WorkflowRunRow = typeof workflowRuns.$inferSelect
export type WorkflowStepRow = typeof workflowSteps.$inferSelect
export type TriggerKind = WorkflowRow['triggerKind']
export type MisfirePolicy = WorkflowRow['misfirePolicy']
export type RunStatus = WorkflowRunRow['status']
export type NodeKind = WorkflowStepRow['kind']
export type EventRow = typeof events.$inferSelect
export type CustomFieldType = CustomFieldRow['type']
export type TicketStatus = TicketRow['status']
export type TicketPriority = TicketRow['priority']
export type ArticleStatus = ArticleRow['status']
export type ArticleSource = ArticleRow['source']
export type StaffRole = StaffRow['role']
export type KeyKind = ApiKeyRow['kind']
export type Audience = (typeof sessions.$inferSelect)['audience']
export type NotificationKind = NotificationRow['kind']
