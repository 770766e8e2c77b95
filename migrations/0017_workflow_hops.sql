-- How many webhooks lie behind what started a run, so that a way that leads back here through somebody else's
-- address ends; and the runs that go on, by the version that they go on with.
ALTER TABLE workflow_runs ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;

CREATE INDEX workflow_runs_live ON workflow_runs (workflow_id, version) WHERE completed_at IS NULL;

-- What wound a timer up, as with a run: rules that wind each other's timers up end as those do that start each other
-- at once.
ALTER TABLE workflow_timers ADD COLUMN depth INTEGER NOT NULL DEFAULT 0;
ALTER TABLE workflow_timers ADD COLUMN root_id INTEGER;
ALTER TABLE workflow_timers ADD COLUMN hops INTEGER NOT NULL DEFAULT 0;
