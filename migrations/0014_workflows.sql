-- Workflows, every graph that they had, and what they did. A run goes on with the version that it began with.

-- trigger_type is as it was sent, trigger_kind what it means. The schedule, the zone and the rule for missed
-- times repeat what the trigger of the graph says; next_run_at is null unless the workflow is active and
-- scheduled. execution_count only rises; shown_runs and skipped_runs count the rows that are there. One that is
-- deleted is gone at once for everybody, and its rows are cleared away later, in small batches.
CREATE TABLE workflows (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  description TEXT,
  trigger_type TEXT NOT NULL,
  trigger_kind TEXT NOT NULL CHECK (trigger_kind IN
    ('ticket_created', 'ticket_updated', 'ticket_closed', 'ticket_status_changed', 'ticket_assigned',
     'message_received', 'tag_added', 'scheduled', 'webhook', 'manual')),
  is_active INTEGER NOT NULL DEFAULT 0 CHECK (is_active IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1,
  autonomy_level INTEGER CHECK (autonomy_level BETWEEN 1 AND 5),
  schedule TEXT,
  timezone TEXT,
  misfire_policy TEXT NOT NULL DEFAULT 'run_once'
    CHECK (misfire_policy IN ('skip', 'run_once', 'run_all')),
  next_run_at INTEGER,
  sealed_secret TEXT,
  execution_count INTEGER NOT NULL DEFAULT 0,
  shown_runs INTEGER NOT NULL DEFAULT 0,
  skipped_runs INTEGER NOT NULL DEFAULT 0,
  last_triggered_at INTEGER,
  row_version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
) STRICT;

CREATE INDEX workflows_created ON workflows (created_at, id);
CREATE INDEX workflows_active ON workflows (trigger_kind, id) WHERE is_active = 1;
CREATE INDEX workflows_deleted ON workflows (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX workflows_due ON workflows (next_run_at, id) WHERE next_run_at IS NOT NULL;

-- Who saved it is a plain number, as in events, so that it stays when the key or the person goes.
CREATE TABLE workflow_versions (
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  trigger_type TEXT NOT NULL,
  graph TEXT NOT NULL,
  created_by_key_id INTEGER,
  created_by_staff_id INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workflow_id, version)
) STRICT, WITHOUT ROWID;

-- Runs: each row says where it is, so that a crash at any point only makes it go on from there. due_at is when
-- it can go on; null while it has ended, waits for a decision, or waits for another run of its ticket. Its
-- ticket is a plain number, as in events, so that what was done stays when the ticket goes.
CREATE TABLE workflow_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  ticket_id INTEGER,
  message_id INTEGER,
  trigger_type TEXT NOT NULL,
  trigger_data TEXT NOT NULL,
  -- What started it: at most one run for each event, each planned time, and each time of a timer.
  cause TEXT,
  -- How many runs led here, each started by what the one before it did; the first of them; and whether that
  -- one led to a start too many.
  depth INTEGER NOT NULL DEFAULT 0,
  root_id INTEGER,
  is_cut INTEGER NOT NULL DEFAULT 0 CHECK (is_cut IN (0, 1)),
  status TEXT NOT NULL DEFAULT 'running'
    CHECK (status IN ('running', 'waiting', 'completed', 'failed', 'skipped')),
  waits_for TEXT CHECK (waits_for IN ('delay', 'retry', 'turn', 'call', 'approval')),
  node_id TEXT,
  variables TEXT NOT NULL DEFAULT '{}',
  steps INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,
  approval_id INTEGER,
  error TEXT,
  started_at INTEGER NOT NULL,
  completed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX workflow_runs_cause ON workflow_runs (workflow_id, cause) WHERE cause IS NOT NULL;
CREATE INDEX workflow_runs_due ON workflow_runs (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX workflow_runs_newest ON workflow_runs (workflow_id, started_at, id);
CREATE INDEX workflow_runs_shown ON workflow_runs (workflow_id, started_at, id, status)
  WHERE status <> 'skipped';
CREATE INDEX workflow_runs_turn ON workflow_runs (ticket_id, id) WHERE waits_for = 'turn';
CREATE INDEX workflow_runs_going ON workflow_runs (ticket_id) WHERE status = 'running';
CREATE INDEX workflow_runs_approval ON workflow_runs (approval_id) WHERE approval_id IS NOT NULL;
CREATE INDEX workflow_runs_root ON workflow_runs (root_id) WHERE root_id IS NOT NULL;
CREATE INDEX workflow_runs_ended ON workflow_runs (status, completed_at)
  WHERE completed_at IS NOT NULL;

-- A skipped run is no execution: it did nothing, because its first condition did not hold or a rule held it back.
CREATE TRIGGER workflow_runs_counted AFTER INSERT ON workflow_runs BEGIN
  UPDATE workflows SET
    execution_count = execution_count + (new.status <> 'skipped'),
    shown_runs = shown_runs + (new.status <> 'skipped'),
    skipped_runs = skipped_runs + (new.status = 'skipped'),
    last_triggered_at = CASE new.status WHEN 'skipped' THEN last_triggered_at
      ELSE max(coalesce(last_triggered_at, new.started_at), new.started_at) END
  WHERE id = new.workflow_id;
END;

CREATE TRIGGER workflow_runs_recounted AFTER UPDATE OF status ON workflow_runs
WHEN (old.status = 'skipped') <> (new.status = 'skipped')
BEGIN
  UPDATE workflows SET
    execution_count = execution_count + (old.status = 'skipped') - (new.status = 'skipped'),
    shown_runs = shown_runs + (old.status = 'skipped') - (new.status = 'skipped'),
    skipped_runs = skipped_runs - (old.status = 'skipped') + (new.status = 'skipped')
  WHERE id = new.workflow_id;
END;

CREATE TRIGGER workflow_runs_uncounted AFTER DELETE ON workflow_runs BEGIN
  UPDATE workflows SET
    shown_runs = shown_runs - (old.status <> 'skipped'),
    skipped_runs = skipped_runs - (old.status = 'skipped')
  WHERE id = old.workflow_id;
END;

-- What a run did, a row for each node that it came by. A call to the outside is written here before it is made
-- ('calling'), under the uid that it carries; its lease belongs to one run of the server.
CREATE TABLE workflow_steps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uid TEXT NOT NULL UNIQUE,
  run_id INTEGER NOT NULL REFERENCES workflow_runs (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  node_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('trigger', 'condition', 'action', 'delay', 'end')),
  status TEXT NOT NULL CHECK (status IN ('done', 'calling', 'waiting', 'failed')),
  detail TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,
  lease TEXT,
  error TEXT,
  created_at INTEGER NOT NULL,
  settled_at INTEGER
) STRICT;

CREATE UNIQUE INDEX workflow_steps_position ON workflow_steps (run_id, position);
CREATE INDEX workflow_steps_due ON workflow_steps (due_at, id) WHERE due_at IS NOT NULL;

-- What came of each time that was planned: no time runs twice.
CREATE TABLE workflow_times (
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  planned_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('run', 'late', 'missed')),
  run_id INTEGER,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (workflow_id, planned_at)
) STRICT, WITHOUT ROWID;

-- One for each ticket that a rule with a time waits for, kept as the ticket changes.
CREATE TABLE workflow_timers (
  workflow_id INTEGER NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
  ticket_id INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
  due_at INTEGER NOT NULL,
  PRIMARY KEY (workflow_id, ticket_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX workflow_timers_due ON workflow_timers (due_at);
CREATE INDEX workflow_timers_ticket ON workflow_timers (ticket_id);
