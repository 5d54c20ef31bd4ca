-- generation: raised by each change of state, so a reader can tell whether a record changed since it was read.
ALTER TABLE terminals ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- launched: the terminal has run at least once, so its home may hold files. Earlier versions derived this from two times.
ALTER TABLE terminals ADD COLUMN launched BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE terminals SET launched = TRUE WHERE last_active_at > created_at OR state IN ('running', 'stopped');

-- reason: why the terminal is in its state, as JSON. Earlier versions stored a sentence.
ALTER TABLE terminals ADD COLUMN reason TEXT;
UPDATE terminals SET reason = CASE
    WHEN error = 'Its container was paused on the engine. Start it, and its shells go on.' THEN '{"kind":"paused"}'
    ELSE json_build_object('kind', 'other', 'text', error)::text END
WHERE error IS NOT NULL;
ALTER TABLE terminals DROP COLUMN error;

-- What is left on the engine of a terminal that was removed may be deleted only when its tombstone is here.
CREATE TABLE tombstones (
    terminal_id UUID PRIMARY KEY NOT NULL,
    removed_at BIGINT NOT NULL,
    proof TEXT NOT NULL
);
INSERT INTO tombstones (terminal_id, removed_at, proof)
SELECT target::uuid, MAX(at), 'recorded in the audit log' FROM audit_events
WHERE event IN ('terminal_deleted', 'terminal_create_failed') AND length(target) = 36
GROUP BY target;
