-- How many runs of workflows are in each state, for the figures of the server. What runs did is kept for months,
-- so the counts run along instead of being taken.

INSERT INTO counters (name, value) VALUES
  ('runs.running', 0), ('runs.waiting', 0), ('runs.completed', 0), ('runs.failed', 0), ('runs.skipped', 0);

UPDATE counters SET value = counted.runs
  FROM (SELECT status, count(*) AS runs FROM workflow_runs GROUP BY status) AS counted
  WHERE counters.name = 'runs.' || counted.status;

CREATE TRIGGER workflow_runs_state_counted AFTER INSERT ON workflow_runs BEGIN
  UPDATE counters SET value = value + 1 WHERE name = 'runs.' || new.status;
END;

CREATE TRIGGER workflow_runs_state_recounted AFTER UPDATE OF status ON workflow_runs
WHEN old.status <> new.status
BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'runs.' || old.status;
  UPDATE counters SET value = value + 1 WHERE name = 'runs.' || new.status;
END;

CREATE TRIGGER workflow_runs_state_uncounted AFTER DELETE ON workflow_runs BEGIN
  UPDATE counters SET value = value - 1 WHERE name = 'runs.' || old.status;
END;
