-- People sign in: a session for each sign-in, and the refresh tokens that keep it going. Of a token only
-- the SHA-256 is kept. A used one stays until it expires, because one that comes again was stolen.

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  audience TEXT NOT NULL CHECK (audience IN ('internal', 'external')),
  ip_address TEXT,
  user_agent TEXT,
  -- A revoked session has expired as well, so one index finds whatever has ended.
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_staff ON sessions (staff_id, expires_at);
CREATE INDEX sessions_ended ON sessions (expires_at);

CREATE TABLE refresh_tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  hash TEXT NOT NULL UNIQUE,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_expired ON refresh_tokens (expires_at);

-- Answers are kept for whoever called, a key or a person: `key:12`, `staff:3`.

CREATE TABLE idempotency_of_callers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  caller TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  is_sealed INTEGER NOT NULL DEFAULT 0 CHECK (is_sealed IN (0, 1)),
  created_at INTEGER NOT NULL,
  UNIQUE (caller, idempotency_key)
) STRICT;

INSERT INTO idempotency_of_callers
  SELECT id, 'key:' || key_id, idempotency_key, fingerprint, status, body, is_sealed, created_at
    FROM idempotency;

DROP TABLE idempotency;
ALTER TABLE idempotency_of_callers RENAME TO idempotency;
