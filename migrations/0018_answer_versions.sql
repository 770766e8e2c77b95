-- The version of the record that was written, so that a repeated request gets its ETag again.
ALTER TABLE idempotency ADD COLUMN version INTEGER;
