-- One like per person and message; the message keeps how many it has.

CREATE TABLE message_likes (
  message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (message_id, staff_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_likes_staff ON message_likes (staff_id);

CREATE TRIGGER message_likes_counted AFTER INSERT ON message_likes BEGIN
  UPDATE messages SET likes_count = likes_count + 1 WHERE id = new.message_id;
END;

CREATE TRIGGER message_likes_uncounted AFTER DELETE ON message_likes BEGIN
  UPDATE messages SET likes_count = likes_count - 1 WHERE id = old.message_id;
END;
