-- Deliveries go in the order of their events, also those that a replay writes for events of before.
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, event_sequence) WHERE due_at IS NOT NULL;

DROP INDEX deliveries_waiting;
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, ticket_id, event_sequence) WHERE status = 'pending';

-- Whether an endpoint was told of an event.
CREATE INDEX deliveries_event ON deliveries (endpoint_id, event_sequence);
