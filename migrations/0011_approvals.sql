-- What AI agents propose and people decide. A proposal goes with its ticket. Who proposed and who decided
-- are plain numbers, as in events, so that they stay when the key or the person goes.

CREATE TABLE approvals (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  ticket_id INTEGER REFERENCES tickets (id) ON DELETE CASCADE,
  action_type TEXT NOT NULL CHECK (action_type IN
    ('send_reply', 'update_ticket', 'create_kb_entry', 'platform_action')),
  status TEXT NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'approved', 'rejected', 'expired')),
  draft TEXT,
  edited_draft TEXT,
  title TEXT,
  category TEXT,
  changes TEXT,
  platform TEXT,
  action_id TEXT,
  description TEXT,
  params TEXT,
  risk_level TEXT CHECK (risk_level IN ('low', 'medium', 'high')),
  diff TEXT NOT NULL DEFAULT '[]',
  model TEXT,
  classification TEXT,
  reasoning TEXT,
  feedback TEXT,
  -- The ticket as it was when the action was proposed: its customer's last message, and its end.
  customer_message_id INTEGER,
  ticket_closed_at INTEGER,
  message_id INTEGER REFERENCES messages (id) ON DELETE SET NULL,
  article_id INTEGER REFERENCES articles (id) ON DELETE SET NULL,
  proposed_by_key_id INTEGER,
  decided_by_key_id INTEGER,
  decided_by_id INTEGER,
  expires_at INTEGER NOT NULL,
  decided_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CHECK (action_type <> 'send_reply' OR (ticket_id IS NOT NULL AND draft IS NOT NULL)),
  CHECK (action_type <> 'update_ticket' OR (ticket_id IS NOT NULL AND changes IS NOT NULL)),
  CHECK (action_type <> 'create_kb_entry' OR (title IS NOT NULL AND draft IS NOT NULL)),
  CHECK (action_type <> 'platform_action' OR (platform IS NOT NULL AND action_id IS NOT NULL))
) STRICT;

CREATE INDEX approvals_status ON approvals (status, created_at, id);
CREATE INDEX approvals_due ON approvals (status, expires_at) WHERE status = 'pending';
CREATE INDEX approvals_ticket ON approvals (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX approvals_article ON approvals (article_id) WHERE article_id IS NOT NULL;
CREATE INDEX approvals_message ON approvals (message_id) WHERE message_id IS NOT NULL;

INSERT INTO counters (name, value) VALUES
  ('approvals.pending', 0), ('approvals.approved', 0),
  ('approvals.rejected', 0), ('approvals.expired', 0);

CREATE TRIGGER approvals_counted AFTER INSERT ON approvals BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'approvals.' || new.status;
END;

CREATE TRIGGER approvals_recounted AFTER UPDATE OF status ON approvals
WHEN old.status <> new.status
BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'approvals.' || old.status;
  UPDATE counters SET value = value + 1 WHERE name = 'approvals.' || new.status;
END;

CREATE TRIGGER approvals_uncounted AFTER DELETE ON approvals BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'approvals.' || old.status;
END;
