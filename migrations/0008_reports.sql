-- Running figures for the reports, by the UTC day (counted from 1970) on which a ticket was created:
-- of the tickets of a department (0 for none), and of those linked to an agent. An agent's replies
-- and their likes count on the days of their tickets, linked or not. Triggers keep all of it, so a
-- cascade counts as well as a request does; a ticket's created_at never changes. A row that has
-- come to nothing stays.

CREATE TABLE ticket_days (
  dimension TEXT NOT NULL CHECK (dimension IN ('department', 'agent')),
  member INTEGER NOT NULL,
  day INTEGER NOT NULL,
  open INTEGER NOT NULL DEFAULT 0,
  in_progress INTEGER NOT NULL DEFAULT 0,
  on_hold INTEGER NOT NULL DEFAULT 0,
  solved INTEGER NOT NULL DEFAULT 0,
  closed INTEGER NOT NULL DEFAULT 0,
  low INTEGER NOT NULL DEFAULT 0,
  medium INTEGER NOT NULL DEFAULT 0,
  high INTEGER NOT NULL DEFAULT 0,
  urgent INTEGER NOT NULL DEFAULT 0,
  unassigned INTEGER NOT NULL DEFAULT 0,
  responses INTEGER NOT NULL DEFAULT 0,
  response_ms INTEGER NOT NULL DEFAULT 0,
  resolutions INTEGER NOT NULL DEFAULT 0,
  resolution_ms INTEGER NOT NULL DEFAULT 0,
  replies INTEGER NOT NULL DEFAULT 0,
  likes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (dimension, member, day)
) STRICT, WITHOUT ROWID;

-- What there is already.

INSERT INTO ticket_days
  SELECT 'department', coalesce(department_id, 0), created_at / 86400000,
    sum(status = 'open'), sum(status = 'in_progress'), sum(status = 'on_hold'),
    sum(status = 'solved'), sum(status = 'closed'),
    sum(priority = 'low'), sum(priority = 'medium'), sum(priority = 'high'),
    sum(priority = 'urgent'),
    sum(status = 'open' AND assigned_to IS NULL AND NOT is_assigned_to_ai),
    count(first_response_at), coalesce(sum(first_response_at - created_at), 0),
    count(closed_at), coalesce(sum(closed_at - created_at), 0), 0, 0
  FROM tickets GROUP BY 2, 3;

INSERT INTO ticket_days
  SELECT 'agent', staff_id, created_at / 86400000,
    sum(status = 'open'), sum(status = 'in_progress'), sum(status = 'on_hold'),
    sum(status = 'solved'), sum(status = 'closed'),
    sum(priority = 'low'), sum(priority = 'medium'), sum(priority = 'high'),
    sum(priority = 'urgent'),
    sum(status = 'open' AND assigned_to IS NULL AND NOT is_assigned_to_ai),
    count(first_response_at), coalesce(sum(first_response_at - created_at), 0),
    count(closed_at), coalesce(sum(closed_at - created_at), 0), 0, 0
  FROM ticket_agents JOIN tickets ON id = ticket_id GROUP BY 2, 3;

INSERT INTO ticket_days (dimension, member, day, replies, likes)
  SELECT 'agent', staff_id, tickets.created_at / 86400000, count(*), sum(likes_count)
    FROM messages JOIN tickets ON tickets.id = ticket_id
    WHERE sender_role = 'agent' AND staff_id IS NOT NULL AND NOT is_internal AND NOT is_opening
    GROUP BY 2, 3
  ON CONFLICT DO UPDATE SET replies = excluded.replies, likes = excluded.likes;

-- Tickets.

CREATE TRIGGER tickets_dated AFTER INSERT ON tickets BEGIN
  INSERT INTO ticket_days (dimension, member, day,
    open, in_progress, on_hold, solved, closed, low, medium, high, urgent, unassigned, responses,
    response_ms, resolutions, resolution_ms)
  VALUES ('department', coalesce(new.department_id, 0), new.created_at / 86400000,
    new.status = 'open', new.status = 'in_progress', new.status = 'on_hold',
    new.status = 'solved', new.status = 'closed', new.priority = 'low', new.priority = 'medium',
    new.priority = 'high', new.priority = 'urgent',
    new.status = 'open' AND new.assigned_to IS NULL AND NOT new.is_assigned_to_ai,
    new.first_response_at IS NOT NULL, coalesce(new.first_response_at - new.created_at, 0),
    new.closed_at IS NOT NULL, coalesce(new.closed_at - new.created_at, 0))
  ON CONFLICT DO UPDATE SET
    open = open + excluded.open, in_progress = in_progress + excluded.in_progress,
    on_hold = on_hold + excluded.on_hold, solved = solved + excluded.solved,
    closed = closed + excluded.closed, low = low + excluded.low,
    medium = medium + excluded.medium, high = high + excluded.high,
    urgent = urgent + excluded.urgent, unassigned = unassigned + excluded.unassigned,
    responses = responses + excluded.responses, response_ms = response_ms + excluded.response_ms,
    resolutions = resolutions + excluded.resolutions,
    resolution_ms = resolution_ms + excluded.resolution_ms;
END;

-- What differs, in the row of the department that the ticket had and in those of its agents.
CREATE TRIGGER tickets_redated
AFTER UPDATE OF status, priority, assigned_to, is_assigned_to_ai, first_response_at, closed_at
ON tickets
WHEN old.status <> new.status OR old.priority <> new.priority
  OR old.assigned_to IS NOT new.assigned_to OR old.is_assigned_to_ai <> new.is_assigned_to_ai
  OR old.first_response_at IS NOT new.first_response_at OR old.closed_at IS NOT new.closed_at
BEGIN
  UPDATE ticket_days SET
    open = open - (old.status = 'open') + (new.status = 'open'),
    in_progress = in_progress - (old.status = 'in_progress') + (new.status = 'in_progress'),
    on_hold = on_hold - (old.status = 'on_hold') + (new.status = 'on_hold'),
    solved = solved - (old.status = 'solved') + (new.status = 'solved'),
    closed = closed - (old.status = 'closed') + (new.status = 'closed'),
    low = low - (old.priority = 'low') + (new.priority = 'low'),
    medium = medium - (old.priority = 'medium') + (new.priority = 'medium'),
    high = high - (old.priority = 'high') + (new.priority = 'high'),
    urgent = urgent - (old.priority = 'urgent') + (new.priority = 'urgent'),
    unassigned = unassigned
      - (old.status = 'open' AND old.assigned_to IS NULL AND NOT old.is_assigned_to_ai)
      + (new.status = 'open' AND new.assigned_to IS NULL AND NOT new.is_assigned_to_ai),
    responses = responses - (old.first_response_at IS NOT NULL)
      + (new.first_response_at IS NOT NULL),
    response_ms = response_ms - coalesce(old.first_response_at - old.created_at, 0)
      + coalesce(new.first_response_at - new.created_at, 0),
    resolutions = resolutions - (old.closed_at IS NOT NULL) + (new.closed_at IS NOT NULL),
    resolution_ms = resolution_ms - coalesce(old.closed_at - old.created_at, 0)
      + coalesce(new.closed_at - new.created_at, 0)
  WHERE (dimension = 'department' AND member = coalesce(old.department_id, 0)
      AND day = new.created_at / 86400000)
    OR (dimension = 'agent'
      AND member IN (SELECT staff_id FROM ticket_agents WHERE ticket_id = new.id)
      AND day = new.created_at / 86400000);
END;

-- The whole ticket, as it is now, from one department to another.
CREATE TRIGGER tickets_moved AFTER UPDATE OF department_id ON tickets
WHEN old.department_id IS NOT new.department_id
BEGIN
  INSERT INTO ticket_days (dimension, member, day,
    open, in_progress, on_hold, solved, closed, low, medium, high, urgent, unassigned, responses,
    response_ms, resolutions, resolution_ms)
  SELECT 'department', coalesce(department_id, 0), new.created_at / 86400000,
    sign * (new.status = 'open'), sign * (new.status = 'in_progress'),
    sign * (new.status = 'on_hold'), sign * (new.status = 'solved'),
    sign * (new.status = 'closed'), sign * (new.priority = 'low'),
    sign * (new.priority = 'medium'), sign * (new.priority = 'high'),
    sign * (new.priority = 'urgent'),
    sign * (new.status = 'open' AND new.assigned_to IS NULL AND NOT new.is_assigned_to_ai),
    sign * (new.first_response_at IS NOT NULL),
    sign * coalesce(new.first_response_at - new.created_at, 0),
    sign * (new.closed_at IS NOT NULL), sign * coalesce(new.closed_at - new.created_at, 0)
  FROM (SELECT -1 AS sign, old.department_id AS department_id UNION ALL SELECT 1, new.department_id)
  WHERE true
  ON CONFLICT DO UPDATE SET
    open = open + excluded.open, in_progress = in_progress + excluded.in_progress,
    on_hold = on_hold + excluded.on_hold, solved = solved + excluded.solved,
    closed = closed + excluded.closed, low = low + excluded.low,
    medium = medium + excluded.medium, high = high + excluded.high,
    urgent = urgent + excluded.urgent, unassigned = unassigned + excluded.unassigned,
    responses = responses + excluded.responses, response_ms = response_ms + excluded.response_ms,
    resolutions = resolutions + excluded.resolutions,
    resolution_ms = resolution_ms + excluded.resolution_ms;
END;

-- Before, while the messages are there to be counted. Those that go with their ticket find no day
-- to be taken from; the ticket's agents are unlinked by tickets_uncounted.
CREATE TRIGGER tickets_undated BEFORE DELETE ON tickets BEGIN
  UPDATE ticket_days SET
    open = open - (old.status = 'open'),
    in_progress = in_progress - (old.status = 'in_progress'),
    on_hold = on_hold - (old.status = 'on_hold'), solved = solved - (old.status = 'solved'),
    closed = closed - (old.status = 'closed'), low = low - (old.priority = 'low'),
    medium = medium - (old.priority = 'medium'), high = high - (old.priority = 'high'),
    urgent = urgent - (old.priority = 'urgent'),
    unassigned = unassigned
      - (old.status = 'open' AND old.assigned_to IS NULL AND NOT old.is_assigned_to_ai),
    responses = responses - (old.first_response_at IS NOT NULL),
    response_ms = response_ms - coalesce(old.first_response_at - old.created_at, 0),
    resolutions = resolutions - (old.closed_at IS NOT NULL),
    resolution_ms = resolution_ms - coalesce(old.closed_at - old.created_at, 0)
  WHERE dimension = 'department' AND member = coalesce(old.department_id, 0)
    AND day = old.created_at / 86400000;
  INSERT INTO ticket_days (dimension, member, day, replies, likes)
  SELECT 'agent', staff_id, old.created_at / 86400000, -count(*), -sum(likes_count)
  FROM messages
  WHERE ticket_id = old.id AND sender_role = 'agent' AND staff_id IS NOT NULL
    AND NOT is_internal AND NOT is_opening
  GROUP BY staff_id
  ON CONFLICT DO UPDATE SET replies = replies + excluded.replies, likes = likes + excluded.likes;
END;

-- Links.

CREATE TRIGGER ticket_agents_dated AFTER INSERT ON ticket_agents BEGIN
  INSERT INTO ticket_days (dimension, member, day,
    open, in_progress, on_hold, solved, closed, low, medium, high, urgent, unassigned, responses,
    response_ms, resolutions, resolution_ms)
  SELECT 'agent', new.staff_id, created_at / 86400000,
    status = 'open', status = 'in_progress', status = 'on_hold', status = 'solved',
    status = 'closed', priority = 'low', priority = 'medium', priority = 'high',
    priority = 'urgent', status = 'open' AND assigned_to IS NULL AND NOT is_assigned_to_ai,
    first_response_at IS NOT NULL, coalesce(first_response_at - created_at, 0),
    closed_at IS NOT NULL, coalesce(closed_at - created_at, 0)
  FROM tickets WHERE id = new.ticket_id
  ON CONFLICT DO UPDATE SET
    open = open + excluded.open, in_progress = in_progress + excluded.in_progress,
    on_hold = on_hold + excluded.on_hold, solved = solved + excluded.solved,
    closed = closed + excluded.closed, low = low + excluded.low,
    medium = medium + excluded.medium, high = high + excluded.high,
    urgent = urgent + excluded.urgent, unassigned = unassigned + excluded.unassigned,
    responses = responses + excluded.responses, response_ms = response_ms + excluded.response_ms,
    resolutions = resolutions + excluded.resolutions,
    resolution_ms = resolution_ms + excluded.resolution_ms;
END;

CREATE TRIGGER ticket_agents_undated AFTER DELETE ON ticket_agents BEGIN
  UPDATE ticket_days SET
    open = ticket_days.open - (t.status = 'open'),
    in_progress = ticket_days.in_progress - (t.status = 'in_progress'),
    on_hold = ticket_days.on_hold - (t.status = 'on_hold'),
    solved = ticket_days.solved - (t.status = 'solved'),
    closed = ticket_days.closed - (t.status = 'closed'),
    low = ticket_days.low - (t.priority = 'low'),
    medium = ticket_days.medium - (t.priority = 'medium'),
    high = ticket_days.high - (t.priority = 'high'),
    urgent = ticket_days.urgent - (t.priority = 'urgent'),
    unassigned = ticket_days.unassigned
      - (t.status = 'open' AND t.assigned_to IS NULL AND NOT t.is_assigned_to_ai),
    responses = ticket_days.responses - (t.first_response_at IS NOT NULL),
    response_ms = ticket_days.response_ms - coalesce(t.first_response_at - t.created_at, 0),
    resolutions = ticket_days.resolutions - (t.closed_at IS NOT NULL),
    resolution_ms = ticket_days.resolution_ms - coalesce(t.closed_at - t.created_at, 0)
  FROM tickets AS t
  WHERE t.id = old.ticket_id AND dimension = 'agent' AND member = old.staff_id
    AND day = t.created_at / 86400000;
END;

-- What agents say to customers.

CREATE TRIGGER messages_dated AFTER INSERT ON messages
WHEN new.sender_role = 'agent' AND new.staff_id IS NOT NULL
  AND NOT new.is_internal AND NOT new.is_opening
BEGIN
  INSERT INTO ticket_days (dimension, member, day, replies, likes)
  SELECT 'agent', new.staff_id, created_at / 86400000, 1, new.likes_count
  FROM tickets WHERE id = new.ticket_id
  ON CONFLICT DO UPDATE SET replies = replies + 1, likes = likes + excluded.likes;
END;

CREATE TRIGGER messages_redated
AFTER UPDATE OF ticket_id, sender_role, staff_id, is_internal, is_opening, likes_count ON messages
BEGIN
  UPDATE ticket_days SET replies = replies - 1, likes = likes - old.likes_count
  WHERE old.sender_role = 'agent' AND NOT old.is_internal AND NOT old.is_opening
    AND dimension = 'agent' AND member = old.staff_id
    AND day = (SELECT created_at / 86400000 FROM tickets WHERE id = old.ticket_id);
  INSERT INTO ticket_days (dimension, member, day, replies, likes)
  SELECT 'agent', new.staff_id, created_at / 86400000, 1, new.likes_count
  FROM tickets
  WHERE id = new.ticket_id AND new.sender_role = 'agent' AND new.staff_id IS NOT NULL
    AND NOT new.is_internal AND NOT new.is_opening
  ON CONFLICT DO UPDATE SET replies = replies + 1, likes = likes + excluded.likes;
END;

CREATE TRIGGER messages_undated AFTER DELETE ON messages
WHEN old.sender_role = 'agent' AND NOT old.is_internal AND NOT old.is_opening
BEGIN
  UPDATE ticket_days SET replies = replies - 1, likes = likes - old.likes_count
  WHERE dimension = 'agent' AND member = old.staff_id
    AND day = (SELECT created_at / 86400000 FROM tickets WHERE id = old.ticket_id);
END;

-- Members.

CREATE TRIGGER departments_undated AFTER DELETE ON departments BEGIN
  DELETE FROM ticket_days WHERE dimension = 'department' AND member = old.id;
END;

CREATE TRIGGER staff_undated AFTER DELETE ON staff BEGIN
  DELETE FROM ticket_days WHERE dimension = 'agent' AND member = old.id;
END;
