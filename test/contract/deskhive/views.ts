// What the seeds look like to a DeskHive client, key by key as the contract's examples have them.

const at = '2026-05-04T08:15:00Z'

type Named = { id: number; name: string } | null

/** Ticket 1 of the seeds for an agent: the twenty keys of deskhive.md 21.6. */
export const agentTicketView = {
  id: 1,
  reference_id: 'SD-1001',
  title: 'Invoice shows wrong VAT',
  content: 'It says 25 % and should say 12 %.',
  status: 'open',
  priority: 'medium',
  department: null as Named,
  category: null as Named,
  product: null as Named,
  customer: { id: 1, name: 'Mara Lind', email: 'mara@northwind.test' },
  labels: [] as object[],
  assigned_to: null as Named,
  agents: [] as Named[],
  custom_fields: [] as object[],
  is_resolved: false,
  is_locked: false,
  last_reply_at: null as string | null,
  closed_at: null as string | null,
  created_at: at,
  updated_at: at,
}

/** And for an admin: one key more (deskhive.md section 6). */
export const ticketView = { ...agentTicketView, last_reply_by: null as string | null }

export const tomas = { id: 2, name: 'Tomas Berg' }

/** The parts of a ticket that is assigned to Tomas. */
export const ofTomas = { assigned_to: tomas, agents: [tomas] }

/** A message of the first user, as deskhive.md section 7 shows it. */
export const messageView = {
  id: 2,
  ticket_id: 1,
  content: 'Please hold the dial.',
  sender_type: 'User',
  sender_id: 1 as number | null,
  sender: { id: 1, name: 'Administrator', avatar_url: null } as object | null,
  is_internal: false,
  likes_count: 0,
  liked: false,
  attachments: [],
  created_at: at,
  updated_at: at,
}

/** Customer 1 (deskhive.md section 12). */
export const maraView = {
  id: 1,
  name: 'Mara Lind',
  email: 'mara@northwind.test',
  phone: null as string | null,
  envato_username: null as string | null,
  avatar_url: null,
  is_blocked: false,
  block_reason: null,
  created_at: at,
  updated_at: at,
}

/** Article 1 of the first user (deskhive.md section 15). */
export const articleView = {
  id: 1,
  title: 'Clearing error E-07',
  slug: 'clearing-error-e-07',
  excerpt: null as string | null,
  content: null as string | null,
  category: null as Named,
  author: { id: 1, name: 'Administrator' } as Named,
  views: 0,
  helpful_yes: 0,
  helpful_no: 0,
  status: 'published',
  created_at: at,
  updated_at: at,
}

export function meta(total: number, page = 1, perPage = 15): object {
  const last = Math.max(1, Math.ceil(total / perPage))
  return { current_page: page, last_page: last, per_page: perPage, total }
}

export const notFound = { status: 404, reply: { message: 'Not found' } }
