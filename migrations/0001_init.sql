-- The foundation: people, tickets, messages, keys, events, counters and search.
-- Times are integer milliseconds since 1970 UTC; flags are 0 or 1; *_key columns hold a folded
-- form of their neighbour, made by the program, so that uniqueness ignores case in every script.

CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name, value) VALUES ('ticket', 0), ('customers', 0);

-- People who answer. Users (admins) and agents draw ids from one sequence.
CREATE TABLE staff (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL CHECK (role IN ('admin', 'agent')),
  name TEXT NOT NULL,
  email TEXT,
  email_key TEXT,
  password_hash TEXT,
  phone TEXT,
  locale TEXT,
  avatar_url TEXT,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  notification_settings TEXT NOT NULL DEFAULT '{}',
  last_assigned_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX staff_email ON staff (role, email_key) WHERE email_key IS NOT NULL;

CREATE TABLE departments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  email TEXT,
  is_default INTEGER NOT NULL DEFAULT 0 CHECK (is_default IN (0, 1)),
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft')),
  sort_order INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX departments_order ON departments (sort_order, id);
CREATE UNIQUE INDEX departments_default ON departments (is_default) WHERE is_default = 1;

CREATE TABLE department_agents (
  department_id INTEGER NOT NULL REFERENCES departments (id) ON DELETE CASCADE,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  PRIMARY KEY (department_id, staff_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX department_agents_staff ON department_agents (staff_id);

CREATE TABLE categories (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  description TEXT,
  parent_id INTEGER REFERENCES categories (id) ON DELETE SET NULL,
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft')),
  sort_order INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX categories_order ON categories (sort_order, id);
CREATE INDEX categories_parent ON categories (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE products (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  sort_name TEXT NOT NULL,
  envato_id TEXT UNIQUE,
  description TEXT,
  price REAL,
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX products_order ON products (sort_name, id);

CREATE TABLE labels (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  color TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft')),
  sort_order INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX labels_name ON labels (name);
CREATE INDEX labels_order ON labels (sort_order, id);

CREATE TABLE customers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  name TEXT,
  sort_name TEXT NOT NULL,
  phone TEXT,
  company TEXT,
  job_title TEXT,
  location TEXT,
  timezone TEXT,
  avatar_url TEXT,
  envato_username TEXT,
  is_vip INTEGER NOT NULL DEFAULT 0 CHECK (is_vip IN (0, 1)),
  priority_override TEXT CHECK (priority_override IN ('low', 'medium', 'high', 'urgent')),
  tags TEXT NOT NULL DEFAULT '[]',
  notes TEXT,
  is_blocked INTEGER NOT NULL DEFAULT 0 CHECK (is_blocked IN (0, 1)),
  block_reason TEXT,
  overall_sentiment TEXT,
  sentiment_trend TEXT,
  salesforce_contact_id TEXT,
  hubspot_contact_id TEXT,
  total_tickets INTEGER NOT NULL DEFAULT 0,
  open_tickets INTEGER NOT NULL DEFAULT 0,
  resolved_tickets INTEGER NOT NULL DEFAULT 0,
  resolution_ms INTEGER NOT NULL DEFAULT 0,
  first_ticket_at INTEGER,
  last_ticket_at INTEGER,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX customers_name ON customers (sort_name, id);
CREATE INDEX customers_created ON customers (created_at, id);

CREATE TRIGGER customers_counted AFTER INSERT ON customers BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'customers';
END;

CREATE TRIGGER customers_uncounted AFTER DELETE ON customers BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'customers';
END;

-- id comes from the 'ticket' counter, so that neither it nor the reference is ever used again.
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY,
  uid TEXT NOT NULL UNIQUE,
  reference TEXT NOT NULL UNIQUE,
  subject TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'open'
    CHECK (status IN ('open', 'in_progress', 'on_hold', 'solved', 'closed')),
  priority TEXT NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
  source TEXT NOT NULL,
  customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL,
  department_id INTEGER REFERENCES departments (id) ON DELETE SET NULL,
  category_id INTEGER REFERENCES categories (id) ON DELETE SET NULL,
  product_id INTEGER REFERENCES products (id) ON DELETE SET NULL,
  assigned_to INTEGER REFERENCES staff (id) ON DELETE SET NULL,
  is_assigned_to_ai INTEGER NOT NULL DEFAULT 0 CHECK (is_assigned_to_ai IN (0, 1)),
  is_resolved INTEGER NOT NULL DEFAULT 0 CHECK (is_resolved IN (0, 1)),
  is_locked INTEGER NOT NULL DEFAULT 0 CHECK (is_locked IN (0, 1)),
  resolution_type TEXT,
  escalation_level TEXT CHECK (escalation_level IN ('standard', 'high', 'critical')),
  escalation_reason TEXT,
  escalated_by INTEGER REFERENCES staff (id) ON DELETE SET NULL,
  escalated_at INTEGER,
  messages_count INTEGER NOT NULL DEFAULT 0,
  last_reply_at INTEGER,
  last_reply_by TEXT CHECK (last_reply_by IN ('staff', 'customer')),
  last_public_message_by TEXT CHECK (last_public_message_by IN ('staff', 'customer')),
  first_response_at INTEGER,
  closed_at INTEGER,
  event_sequence INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX tickets_created ON tickets (created_at, id);
CREATE INDEX tickets_status ON tickets (status, created_at, id);
CREATE INDEX tickets_priority ON tickets (priority, created_at, id);
CREATE INDEX tickets_customer ON tickets (customer_id, created_at, id);
CREATE INDEX tickets_department ON tickets (department_id, created_at, id)
  WHERE department_id IS NOT NULL;
CREATE INDEX tickets_assigned ON tickets (assigned_to, created_at, id)
  WHERE assigned_to IS NOT NULL;
CREATE INDEX tickets_category ON tickets (category_id) WHERE category_id IS NOT NULL;
CREATE INDEX tickets_product ON tickets (product_id) WHERE product_id IS NOT NULL;
CREATE INDEX tickets_escalated ON tickets (escalated_by) WHERE escalated_by IS NOT NULL;

CREATE TABLE ticket_labels (
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  label_id INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  PRIMARY KEY (ticket_id, label_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_labels_label ON ticket_labels (label_id);

-- ticket_created_at repeats the ticket's, which never changes, so that an agent's tickets come in
-- order from the index alone.
CREATE TABLE ticket_agents (
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  ticket_created_at INTEGER NOT NULL,
  PRIMARY KEY (ticket_id, staff_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_agents_staff ON ticket_agents (staff_id, ticket_created_at, ticket_id);

CREATE TABLE custom_fields (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  label TEXT NOT NULL,
  description TEXT,
  type TEXT NOT NULL CHECK (type IN
    ('date', 'datetime_local', 'email', 'number', 'tel', 'text', 'textarea', 'time', 'url')),
  is_required INTEGER NOT NULL DEFAULT 0 CHECK (is_required IN (0, 1)),
  sort_order INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'published' CHECK (status IN ('published', 'draft')),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX custom_fields_order ON custom_fields (sort_order, id);

CREATE TABLE ticket_custom_values (
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  custom_field_id INTEGER NOT NULL REFERENCES custom_fields (id) ON DELETE CASCADE,
  value TEXT NOT NULL,
  PRIMARY KEY (ticket_id, custom_field_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_custom_values_field ON ticket_custom_values (custom_field_id);

CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  sender_kind TEXT NOT NULL
    CHECK (sender_kind IN ('customer', 'staff', 'system', 'workflow', 'ai')),
  sender_role TEXT CHECK (sender_role IN ('admin', 'agent')),
  staff_id INTEGER REFERENCES staff (id) ON DELETE SET NULL,
  customer_id INTEGER REFERENCES customers (id) ON DELETE SET NULL,
  sender_name TEXT,
  sender_email TEXT,
  body TEXT NOT NULL,
  is_internal INTEGER NOT NULL DEFAULT 0 CHECK (is_internal IN (0, 1)),
  is_opening INTEGER NOT NULL DEFAULT 0 CHECK (is_opening IN (0, 1)),
  likes_count INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX messages_ticket ON messages (ticket_id, created_at, id);
CREATE UNIQUE INDEX messages_opening ON messages (ticket_id) WHERE is_opening = 1;
CREATE INDEX messages_staff ON messages (staff_id) WHERE staff_id IS NOT NULL;
CREATE INDEX messages_customer ON messages (customer_id) WHERE customer_id IS NOT NULL;

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL CHECK (kind IN ('keva', 'internal', 'external')),
  name TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  last4 TEXT NOT NULL,
  scopes TEXT,
  is_special INTEGER NOT NULL DEFAULT 0 CHECK (is_special IN (0, 1)),
  owner_id INTEGER REFERENCES staff (id) ON DELETE SET NULL,
  agent_id INTEGER REFERENCES staff (id) ON DELETE SET NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX api_keys_owner ON api_keys (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX api_keys_agent ON api_keys (agent_id) WHERE agent_id IS NOT NULL;

-- The spine: one row for each thing that happened. AUTOINCREMENT keeps the sequence from starting
-- again when old rows are removed; a rolled-back insert gives its number back, so it has no gaps.
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL,
  type TEXT NOT NULL,
  ticket_id INTEGER,
  ticket_sequence INTEGER,
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('key', 'staff', 'job', 'system')),
  actor_key_id INTEGER,
  actor_staff_id INTEGER,
  ip_address TEXT,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotency (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key_id INTEGER NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  is_sealed INTEGER NOT NULL DEFAULT 0 CHECK (is_sealed IN (0, 1)),
  created_at INTEGER NOT NULL,
  UNIQUE (key_id, idempotency_key)
) STRICT;

-- Running totals of tickets by status and priority: of all, per department, per assignee, per linked
-- agent. Triggers keep them, so a cascade counts as well as a request does.
CREATE TABLE ticket_counts (
  dimension TEXT NOT NULL CHECK (dimension IN ('all', 'department', 'assignee', 'agent')),
  member INTEGER NOT NULL,
  status TEXT NOT NULL,
  priority TEXT NOT NULL,
  tickets INTEGER NOT NULL,
  PRIMARY KEY (dimension, member, status, priority)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tickets_counted AFTER INSERT ON tickets BEGIN
  INSERT INTO ticket_counts VALUES ('all', 0, new.status, new.priority, 1)
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO ticket_counts
    SELECT 'department', new.department_id, new.status, new.priority, 1
      WHERE new.department_id IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO ticket_counts
    SELECT 'assignee', new.assigned_to, new.status, new.priority, 1
      WHERE new.assigned_to IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  UPDATE customers SET
    total_tickets = total_tickets + 1,
    open_tickets = open_tickets + (new.closed_at IS NULL),
    resolved_tickets = resolved_tickets + (new.closed_at IS NOT NULL),
    resolution_ms = resolution_ms + coalesce(new.closed_at - new.created_at, 0),
    first_ticket_at = min(coalesce(first_ticket_at, new.created_at), new.created_at),
    last_ticket_at = max(coalesce(last_ticket_at, new.created_at), new.created_at)
  WHERE id = new.customer_id;
END;

CREATE TRIGGER tickets_recounted
AFTER UPDATE OF status, priority, department_id, assigned_to ON tickets
WHEN old.status <> new.status OR old.priority <> new.priority
  OR old.department_id IS NOT new.department_id OR old.assigned_to IS NOT new.assigned_to
BEGIN
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'all' AND member = 0
      AND status = old.status AND priority = old.priority;
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'department' AND member = old.department_id
      AND status = old.status AND priority = old.priority;
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'assignee' AND member = old.assigned_to
      AND status = old.status AND priority = old.priority;
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'agent' AND status = old.status AND priority = old.priority
      AND member IN (SELECT staff_id FROM ticket_agents WHERE ticket_id = new.id);
  INSERT INTO ticket_counts VALUES ('all', 0, new.status, new.priority, 1)
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO ticket_counts
    SELECT 'department', new.department_id, new.status, new.priority, 1
      WHERE new.department_id IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO ticket_counts
    SELECT 'assignee', new.assigned_to, new.status, new.priority, 1
      WHERE new.assigned_to IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO ticket_counts
    SELECT 'agent', staff_id, new.status, new.priority, 1
      FROM ticket_agents WHERE ticket_id = new.id
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER tickets_settled AFTER UPDATE OF closed_at ON tickets
WHEN old.closed_at IS NOT new.closed_at
BEGIN
  UPDATE customers SET
    open_tickets = open_tickets - (old.closed_at IS NULL) + (new.closed_at IS NULL),
    resolved_tickets = resolved_tickets - (old.closed_at IS NOT NULL) + (new.closed_at IS NOT NULL),
    resolution_ms = resolution_ms - coalesce(old.closed_at - old.created_at, 0)
      + coalesce(new.closed_at - new.created_at, 0)
  WHERE id = new.customer_id;
END;

CREATE TRIGGER tickets_uncounted BEFORE DELETE ON tickets BEGIN
  DELETE FROM ticket_agents WHERE ticket_id = old.id;
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'all' AND member = 0
      AND status = old.status AND priority = old.priority;
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'department' AND member = old.department_id
      AND status = old.status AND priority = old.priority;
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'assignee' AND member = old.assigned_to
      AND status = old.status AND priority = old.priority;
  UPDATE customers SET
    total_tickets = total_tickets - 1,
    open_tickets = open_tickets - (old.closed_at IS NULL),
    resolved_tickets = resolved_tickets - (old.closed_at IS NOT NULL),
    resolution_ms = resolution_ms - coalesce(old.closed_at - old.created_at, 0)
  WHERE id = old.customer_id;
END;

-- The remaining first and last ticket are known only once the row is gone.
CREATE TRIGGER tickets_removed AFTER DELETE ON tickets WHEN old.customer_id IS NOT NULL BEGIN
  UPDATE customers SET
    first_ticket_at = (SELECT min(created_at) FROM tickets WHERE customer_id = old.customer_id),
    last_ticket_at = (SELECT max(created_at) FROM tickets WHERE customer_id = old.customer_id)
  WHERE id = old.customer_id;
END;

CREATE TRIGGER ticket_agents_counted AFTER INSERT ON ticket_agents BEGIN
  INSERT INTO ticket_counts
    SELECT 'agent', new.staff_id, status, priority, 1 FROM tickets WHERE id = new.ticket_id
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER ticket_agents_uncounted AFTER DELETE ON ticket_agents BEGIN
  UPDATE ticket_counts SET tickets = tickets - 1
    WHERE dimension = 'agent' AND member = old.staff_id
      AND (status, priority) = (SELECT status, priority FROM tickets WHERE id = old.ticket_id);
END;

-- Full text by message; the opening message carries the subject of its ticket. Triggers follow
-- changes and removals; new messages are indexed once per group commit (store/search.ts), because
-- FTS5 writes a segment at every savepoint that follows an insert.
CREATE VIRTUAL TABLE search USING fts5 (
  subject, body,
  content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER messages_unsearched AFTER DELETE ON messages BEGIN
  DELETE FROM search WHERE rowid = old.id;
END;

CREATE TRIGGER messages_searched_again AFTER UPDATE OF body ON messages WHEN old.body IS NOT new.body
BEGIN
  UPDATE search SET
    subject = CASE new.is_opening
      WHEN 1 THEN (SELECT subject FROM tickets WHERE id = new.ticket_id) ELSE '' END,
    body = new.body
  WHERE rowid = new.id;
END;

CREATE TRIGGER tickets_searched_again AFTER UPDATE OF subject ON tickets
WHEN old.subject IS NOT new.subject
BEGIN
  UPDATE search SET
    subject = new.subject,
    body = (SELECT body FROM messages WHERE ticket_id = new.id AND is_opening = 1)
  WHERE rowid = (SELECT id FROM messages WHERE ticket_id = new.id AND is_opening = 1);
END;
