-- Indexes for the filters of the audit search that have none: the name of an actor, and times. Each has the position,
-- in whose order the search reads.
CREATE INDEX audit_events_actor_name ON audit_events (actor, seq);
CREATE INDEX audit_events_at ON audit_events (at, seq);
