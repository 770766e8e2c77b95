-- What a search of tickets and the visibility of departments go by.

-- The terms of the full-text indexes in alphabetical order, for the beginnings of words. These tables
-- hold nothing of their own.
CREATE VIRTUAL TABLE search_terms USING fts5vocab (search, instance);
CREATE VIRTUAL TABLE customer_search_terms USING fts5vocab (customer_search, instance);

-- The tickets of a department that are nobody's, newest first, and those that ended, by when.
CREATE INDEX tickets_unassigned ON tickets (department_id, created_at, id)
  WHERE department_id IS NOT NULL AND assigned_to IS NULL AND is_assigned_to_ai = 0;
CREATE INDEX tickets_ended ON tickets (department_id, closed_at)
  WHERE department_id IS NOT NULL AND closed_at IS NOT NULL;

-- Running totals of the tickets of each department: of all (staff_id 0), and of those linked to an
-- agent, whom a list must not show them twice. What waits is as in agent_counts. Triggers keep them;
-- a row that has come to nothing stays.
CREATE TABLE department_counts (
  staff_id INTEGER NOT NULL,
  department_id INTEGER NOT NULL,
  is_unassigned INTEGER NOT NULL CHECK (is_unassigned IN (0, 1)),
  status TEXT NOT NULL,
  priority TEXT NOT NULL,
  is_waiting INTEGER NOT NULL CHECK (is_waiting IN (0, 1)),
  tickets INTEGER NOT NULL,
  PRIMARY KEY (staff_id, department_id, is_unassigned, status, priority, is_waiting)
) STRICT, WITHOUT ROWID;

INSERT INTO department_counts
  SELECT 0, department_id, assigned_to IS NULL AND NOT is_assigned_to_ai, status, priority,
    status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff', count(*)
  FROM tickets WHERE department_id IS NOT NULL GROUP BY 2, 3, 4, 5, 6;

INSERT INTO department_counts
  SELECT staff_id, department_id, assigned_to IS NULL AND NOT is_assigned_to_ai, status, priority,
    status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff', count(*)
  FROM ticket_agents JOIN tickets ON id = ticket_id
  WHERE department_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6;

CREATE TRIGGER tickets_counted_for_departments AFTER INSERT ON tickets
WHEN new.department_id IS NOT NULL
BEGIN
  INSERT INTO department_counts VALUES (0, new.department_id,
    new.assigned_to IS NULL AND NOT new.is_assigned_to_ai, new.status, new.priority,
    new.status IN ('open', 'in_progress') AND new.last_public_message_by IS NOT 'staff', 1)
  ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER tickets_recounted_for_departments
AFTER UPDATE OF status, priority, department_id, assigned_to, is_assigned_to_ai,
  last_public_message_by ON tickets
WHEN (old.department_id IS NOT NULL OR new.department_id IS NOT NULL)
  AND (old.status, old.priority, old.department_id, old.assigned_to, old.is_assigned_to_ai,
    old.last_public_message_by)
  IS NOT (new.status, new.priority, new.department_id, new.assigned_to, new.is_assigned_to_ai,
    new.last_public_message_by)
BEGIN
  UPDATE department_counts SET tickets = tickets - 1
    WHERE department_id = old.department_id
      AND is_unassigned = (old.assigned_to IS NULL AND NOT old.is_assigned_to_ai)
      AND status = old.status AND priority = old.priority
      AND is_waiting = (old.status IN ('open', 'in_progress')
        AND old.last_public_message_by IS NOT 'staff')
      AND staff_id IN
        (SELECT 0 UNION ALL SELECT staff_id FROM ticket_agents WHERE ticket_id = new.id);
  INSERT INTO department_counts
    SELECT staff_id, new.department_id,
      new.assigned_to IS NULL AND NOT new.is_assigned_to_ai, new.status, new.priority,
      new.status IN ('open', 'in_progress') AND new.last_public_message_by IS NOT 'staff', 1
    FROM (SELECT 0 AS staff_id
      UNION ALL SELECT staff_id FROM ticket_agents WHERE ticket_id = new.id)
    WHERE new.department_id IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

-- Its links are gone before the ticket is (tickets_uncounted).
CREATE TRIGGER tickets_uncounted_for_departments BEFORE DELETE ON tickets
WHEN old.department_id IS NOT NULL
BEGIN
  UPDATE department_counts SET tickets = tickets - 1
    WHERE staff_id = 0 AND department_id = old.department_id
      AND is_unassigned = (old.assigned_to IS NULL AND NOT old.is_assigned_to_ai)
      AND status = old.status AND priority = old.priority
      AND is_waiting = (old.status IN ('open', 'in_progress')
        AND old.last_public_message_by IS NOT 'staff');
END;

CREATE TRIGGER ticket_agents_counted_for_departments AFTER INSERT ON ticket_agents BEGIN
  INSERT INTO department_counts
    SELECT new.staff_id, department_id, assigned_to IS NULL AND NOT is_assigned_to_ai, status,
      priority, status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff', 1
    FROM tickets WHERE id = new.ticket_id AND department_id IS NOT NULL
    ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

CREATE TRIGGER ticket_agents_uncounted_for_departments AFTER DELETE ON ticket_agents BEGIN
  UPDATE department_counts SET tickets = tickets - 1
    WHERE staff_id = old.staff_id
      AND (department_id, is_unassigned, status, priority, is_waiting) =
        (SELECT department_id, assigned_to IS NULL AND NOT is_assigned_to_ai, status, priority,
          status IN ('open', 'in_progress') AND last_public_message_by IS NOT 'staff'
        FROM tickets WHERE id = old.ticket_id);
END;
