-- What runs a terminal: a container with its home volume. Names on the engine derive from the sandbox's id. The sandbox
-- of a terminal from an earlier version has the id of that terminal.
-- state: 'creating' (the container has never run, so the home is empty), 'ready' (not assigned yet), 'assigned',
-- 'dying'. tier: the limits that the container has.
CREATE TABLE sandboxes (
    id UUID PRIMARY KEY NOT NULL,
    terminal_id UUID UNIQUE REFERENCES terminals (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('creating', 'ready', 'assigned', 'dying')),
    tier TEXT NOT NULL
);
INSERT INTO sandboxes (id, terminal_id, state, tier)
SELECT id, id, CASE WHEN launched THEN 'assigned' ELSE 'creating' END, tier FROM terminals;
ALTER TABLE terminals DROP COLUMN launched;

-- desired: what the owner asked for. phase: what is. generation: raised by each request; observed_generation: the
-- newest request that was carried out, or failed for good.
ALTER TABLE terminals ADD COLUMN desired TEXT NOT NULL DEFAULT 'running'
    CHECK (desired IN ('running', 'stopped', 'deleted'));
ALTER TABLE terminals ADD COLUMN phase TEXT NOT NULL DEFAULT 'pending'
    CHECK (phase IN ('pending', 'starting', 'running', 'paused', 'stopping', 'stopped', 'failed', 'deleting'));
ALTER TABLE terminals ADD COLUMN observed_generation BIGINT NOT NULL DEFAULT 0;
UPDATE terminals SET
    phase = CASE
        WHEN state = 'creating' THEN 'starting'
        WHEN state = 'stopped' AND reason = '{"kind":"paused"}' THEN 'paused'
        ELSE state END,
    observed_generation = CASE WHEN state IN ('creating', 'deleting') THEN generation - 1 ELSE generation END;
UPDATE terminals SET
    desired = CASE phase WHEN 'stopped' THEN 'stopped' WHEN 'deleting' THEN 'deleted' ELSE 'running' END;
ALTER TABLE terminals DROP COLUMN state;

-- A tombstone names the sandbox, which is what the engine knows. Migration 0005 also wrote some for terminals whose
-- first launch failed and whose record was kept.
CREATE TABLE sandbox_tombstones (
    sandbox_id UUID PRIMARY KEY NOT NULL,
    terminal_id UUID NOT NULL,
    removed_at BIGINT NOT NULL,
    proof TEXT NOT NULL
);
INSERT INTO sandbox_tombstones SELECT terminal_id, terminal_id, removed_at, proof FROM tombstones
WHERE terminal_id NOT IN (SELECT id FROM terminals);
DROP TABLE tombstones;
ALTER TABLE sandbox_tombstones RENAME TO tombstones;

-- Nothing reads it.
ALTER TABLE factors DROP COLUMN confirmed_at;
