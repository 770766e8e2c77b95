-- What the desk is set to, each value as JSON; what has no row has its default.
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The tickets that wait, by when anybody last said anything: which of them have waited too long.
CREATE INDEX tickets_waiting ON tickets (coalesce(last_reply_at, created_at))
  WHERE closed_at IS NULL;
