-- What follows from events: the activity log, the agents' notifications, and the dashboards' figures.

-- What people did, in stored words. Nothing refers to a ticket or a person, so that an entry outlives
-- both; ids have no gaps (see events), so that a page and the total come from the ids alone.
CREATE TABLE activity (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  event_sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT,
  detail TEXT,
  ticket_id INTEGER,
  staff_id INTEGER,
  ip_address TEXT,
  created_at INTEGER NOT NULL
) STRICT;

-- The sender is as named at that moment.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  detail TEXT,
  sender_name TEXT,
  sender_avatar_url TEXT,
  is_read INTEGER NOT NULL DEFAULT 0 CHECK (is_read IN (0, 1)),
  created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX notifications_staff ON notifications (staff_id, id);
CREATE INDEX notifications_ticket ON notifications (ticket_id);
CREATE INDEX notifications_unread ON notifications (staff_id) WHERE is_read = 0;

-- Running totals for each agent. Triggers keep them, so a cascade counts as well as a request does.
CREATE TABLE notification_counts (
  staff_id INTEGER NOT NULL PRIMARY KEY REFERENCES staff (id) ON DELETE CASCADE,
  total INTEGER NOT NULL,
  unread INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER notifications_counted AFTER INSERT ON notifications BEGIN
  INSERT INTO notification_counts VALUES (new.staff_id, 1, new.is_read = 0)
    ON CONFLICT DO UPDATE SET total = total + 1, unread = unread + (new.is_read = 0);
END;

CREATE TRIGGER notifications_recounted AFTER UPDATE OF is_read ON notifications
WHEN old.is_read <> new.is_read
BEGIN
  UPDATE notification_counts SET unread = unread + old.is_read - new.is_read
    WHERE staff_id = new.staff_id;
END;

CREATE TRIGGER notifications_uncounted AFTER DELETE ON notifications BEGIN
  UPDATE notification_counts SET total = total - 1, unread = unread - (old.is_read = 0)
    WHERE staff_id = old.staff_id;
END;

-- Running totals of the tickets linked to each agent: 'waiting' are those that wait for an answer (open
-- or in progress, and no public message of the staff is the last), 'ended' those that ended on a UTC
-- day, counted from 1970. The day of what waits is 0.
CREATE TABLE agent_counts (
  staff_id INTEGER NOT NULL REFERENCES staff (id) ON DELETE CASCADE,
  figure TEXT NOT NULL CHECK (figure IN ('waiting', 'ended')),
  day INTEGER NOT NULL,
  tickets INTEGER NOT NULL,
  PRIMARY KEY (staff_id, figure, day)
) STRICT, WITHOUT ROWID;

INSERT INTO agent_counts
  SELECT staff_id, 'waiting', 0, count(*)
    FROM ticket_agents JOIN tickets ON id = ticket_id
    WHERE status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff'
    GROUP BY staff_id
  UNION ALL
  SELECT staff_id, 'ended', closed_at / 86400000, count(*)
    FROM ticket_agents JOIN tickets ON id = ticket_id
    WHERE status IN ('solved', 'closed') AND closed_at IS NOT NULL
    GROUP BY staff_id, closed_at / 86400000;

CREATE TRIGGER tickets_recounted_for_agents
AFTER UPDATE OF status, last_public_message_by, closed_at ON tickets
WHEN old.status <> new.status OR old.closed_at IS NOT new.closed_at
  OR old.last_public_message_by IS NOT new.last_public_message_by
BEGIN
  UPDATE agent_counts SET tickets = tickets - 1
    WHERE figure = 'waiting' AND day = 0
      AND old.status IN ('open', 'in_progress') AND old.last_public_message_by IS NOT 'staff'
      AND staff_id IN (SELECT staff_id FROM ticket_agents WHERE ticket_id = new.id);
  UPDATE agent_counts SET tickets = tickets - 1
    WHERE figure = 'ended' AND day = old.closed_at / 86400000
      AND old.status IN ('solved', 'closed')
      AND staff_id IN (SELECT staff_id FROM ticket_agents WHERE ticket_id = new.id);
  INSERT INTO agent_counts
    SELECT staff_id, 'waiting', 0, 1 FROM ticket_agents
      WHERE ticket_id = new.id
        AND new.status IN ('open', 'in_progress') AND new.last_public_message_by IS NOT 'staff'
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO agent_counts
    SELECT staff_id, 'ended', new.closed_at / 86400000, 1 FROM ticket_agents
      WHERE ticket_id = new.id
        AND new.status IN ('solved', 'closed') AND new.closed_at IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER ticket_agents_counted_for_agents AFTER INSERT ON ticket_agents BEGIN
  INSERT INTO agent_counts
    SELECT new.staff_id, 'waiting', 0, 1 FROM tickets
      WHERE id = new.ticket_id
        AND status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff'
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
  INSERT INTO agent_counts
    SELECT new.staff_id, 'ended', closed_at / 86400000, 1 FROM tickets
      WHERE id = new.ticket_id
        AND status IN ('solved', 'closed') AND closed_at IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER ticket_agents_uncounted_for_agents AFTER DELETE ON ticket_agents BEGIN
  UPDATE agent_counts SET tickets = tickets - 1
    WHERE staff_id = old.staff_id AND figure = 'waiting' AND day = 0
      AND EXISTS (SELECT 1 FROM tickets WHERE id = old.ticket_id
        AND status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff');
  UPDATE agent_counts SET tickets = tickets - 1
    WHERE staff_id = old.staff_id AND figure = 'ended'
      AND day = (SELECT closed_at / 86400000 FROM tickets
        WHERE id = old.ticket_id AND status IN ('solved', 'closed'));
END;
