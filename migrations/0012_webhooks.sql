-- Who is told of what happens, and every telling of it. Secrets and headers are sealed under the secret of
-- signing-keys.json, so the database alone opens nothing.

CREATE TABLE webhook_endpoints (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  description TEXT,
  events TEXT NOT NULL,
  sealed_headers TEXT,
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  is_ordered INTEGER NOT NULL DEFAULT 0 CHECK (is_ordered IN (0, 1)),
  disabled_reason TEXT CHECK (disabled_reason IN ('gone', 'failing')),
  disabled_at INTEGER,
  failing_since INTEGER,
  paused_until INTEGER,
  -- Deleted for everybody; the row stays until its deliveries have been cleared away in small batches.
  deleted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_endpoints_created ON webhook_endpoints (created_at);
CREATE INDEX webhook_endpoints_deleted ON webhook_endpoints (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE webhook_secrets (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  endpoint_id INTEGER NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
  sealed_secret TEXT NOT NULL,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX webhook_secrets_endpoint ON webhook_secrets (endpoint_id);

-- One row for each event and endpoint, written with the event. The body is fixed here, so that every attempt
-- sends the same bytes. due_at is null once the row is settled, and while it waits behind another one of its
-- ticket; a lease belongs to one run of the server. hops counts the webhooks from the first change to this one.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  endpoint_id INTEGER NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
  event_sequence INTEGER NOT NULL,
  event_uid TEXT NOT NULL,
  event_type TEXT NOT NULL,
  ticket_id INTEGER,
  hops INTEGER NOT NULL DEFAULT 1,
  body TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead')),
  dead_reason TEXT CHECK (dead_reason IN ('exhausted', 'gone', 'disabled', 'blocked')),
  attempts INTEGER NOT NULL DEFAULT 0,
  -- How many of the attempts were made before the delivery was last queued anew: the schedule begins there.
  earlier_attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,
  lease TEXT,
  leased_until INTEGER,
  last_attempt_at INTEGER,
  settled_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_leased ON deliveries (lease) WHERE lease IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, ticket_id, id) WHERE status = 'pending';
CREATE INDEX deliveries_status ON deliveries (endpoint_id, status, created_at);
CREATE INDEX deliveries_type ON deliveries (endpoint_id, event_type, status, created_at);
CREATE INDEX deliveries_settled ON deliveries (status, settled_at) WHERE settled_at IS NOT NULL;

CREATE TABLE delivery_attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  response_status INTEGER,
  failure TEXT,
  response_text TEXT,
  duration_ms INTEGER NOT NULL,
  next_attempt_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX delivery_attempts_delivery ON delivery_attempts (delivery_id, number);

-- Running totals of the lists. Triggers keep them, so clearing away counts as well as a request does.
CREATE TABLE delivery_counts (
  endpoint_id INTEGER NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
  event_type TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'dead')),
  deliveries INTEGER NOT NULL,
  PRIMARY KEY (endpoint_id, event_type, status)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deliveries_counted AFTER INSERT ON deliveries BEGIN
  INSERT INTO delivery_counts VALUES (new.endpoint_id, new.event_type, new.status, 1)
    ON CONFLICT DO UPDATE SET deliveries = deliveries + 1;
END;

CREATE TRIGGER deliveries_recounted AFTER UPDATE OF status ON deliveries
WHEN old.status <> new.status
BEGIN
  UPDATE delivery_counts SET deliveries = deliveries - 1
    WHERE endpoint_id = old.endpoint_id AND event_type = old.event_type AND status = old.status;
  INSERT INTO delivery_counts VALUES (new.endpoint_id, new.event_type, new.status, 1)
    ON CONFLICT DO UPDATE SET deliveries = deliveries + 1;
END;

CREATE TRIGGER deliveries_uncounted AFTER DELETE ON deliveries BEGIN
  UPDATE delivery_counts SET deliveries = deliveries - 1
    WHERE endpoint_id = old.endpoint_id AND event_type = old.event_type AND status = old.status;
END;
