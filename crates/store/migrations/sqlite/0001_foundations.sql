-- Accounts, logins, factors, terminals, grants, settings, the audit chain. Times are milliseconds since 1970 in UTC.
-- Ids are 16-byte UUIDs, booleans are 0 and 1. The PostgreSQL twin of this file has the same tables and columns.

CREATE TABLE users (
    id BLOB PRIMARY KEY NOT NULL,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    disabled INTEGER NOT NULL DEFAULT FALSE CHECK (disabled IN (0, 1)),
    terminals_max INTEGER,
    created_at INTEGER NOT NULL,
    last_login_at INTEGER
) STRICT;

-- kind: 'pending' (password right, code missing) or 'full'. Only hashes of tokens are kept.
CREATE TABLE login_sessions (
    id BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('pending', 'full')),
    token_hash BLOB NOT NULL UNIQUE,
    previous_hash BLOB UNIQUE,
    previous_until INTEGER NOT NULL DEFAULT 0,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    idle_secs INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL
) STRICT;
CREATE INDEX login_sessions_user ON login_sessions (user_id);

-- One factor per account. secret_* is the confirmed one, pending_* waits for its first right code.
CREATE TABLE factors (
    user_id BLOB PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_enc BLOB,
    key_id TEXT,
    last_step INTEGER NOT NULL DEFAULT -1,
    confirmed_at INTEGER,
    pending_enc BLOB,
    pending_key_id TEXT,
    pending_until INTEGER NOT NULL DEFAULT 0,
    recovery_salt BLOB,
    failures INTEGER NOT NULL DEFAULT 0,
    wait_until INTEGER NOT NULL DEFAULT 0,
    login_wait_until INTEGER NOT NULL DEFAULT 0,
    stopped INTEGER NOT NULL DEFAULT FALSE CHECK (stopped IN (0, 1))
) STRICT;

CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, hash)
) STRICT;

CREATE TABLE one_time_links (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('setup', 'invite', 'reset')),
    token_hash BLOB NOT NULL UNIQUE,
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE terminals (
    id BLOB PRIMARY KEY NOT NULL,
    owner_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    hostname TEXT NOT NULL,
    image TEXT NOT NULL,
    tier TEXT NOT NULL,
    profile TEXT NOT NULL,
    egress TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'running', 'stopped', 'failed', 'deleting')),
    mfa_locked INTEGER NOT NULL DEFAULT FALSE CHECK (mfa_locked IN (0, 1)),
    lock_epoch INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL
) STRICT;
CREATE INDEX terminals_owner ON terminals (owner_id, created_at);

-- A grant is of one login session on one terminal at one epoch; a new lock removes them all.
CREATE TABLE grants (
    session_id BLOB NOT NULL REFERENCES login_sessions (id) ON DELETE CASCADE,
    terminal_id BLOB NOT NULL REFERENCES terminals (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    granted_at INTEGER NOT NULL,
    last_input_at INTEGER NOT NULL,
    idle_secs INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL,
    PRIMARY KEY (session_id, terminal_id)
) STRICT;
CREATE INDEX grants_terminal ON grants (terminal_id);

-- One row. setup_done goes from 0 to 1 once, and that update decides which set-up wins.
CREATE TABLE settings (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    setup_done INTEGER NOT NULL DEFAULT FALSE CHECK (setup_done IN (0, 1)),
    session_idle_secs INTEGER NOT NULL,
    session_absolute_secs INTEGER NOT NULL,
    grant_idle_secs INTEGER NOT NULL,
    grant_absolute_secs INTEGER NOT NULL,
    totp_one_step_ahead INTEGER NOT NULL,
    mfa_required INTEGER NOT NULL,
    terminals_max INTEGER NOT NULL,
    audit_retention_days INTEGER NOT NULL
) STRICT;
INSERT INTO settings VALUES (1, FALSE, 1800, 43200, 900, 28800, FALSE, FALSE, 10, 365);

CREATE TABLE images (
    name TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    reference TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    is_default INTEGER NOT NULL
) STRICT;
INSERT INTO images VALUES
    ('debian', 'Debian', 'A small Debian: bash and the everyday commands.', 'rexec/debian:1', TRUE, TRUE),
    ('dev', 'Development', 'Debian with git, vim, python3, node, gcc and tmux.', 'rexec/dev:1', TRUE, FALSE);

CREATE TABLE tiers (
    name TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    memory_bytes INTEGER NOT NULL,
    cpu_millis INTEGER NOT NULL,
    is_default INTEGER NOT NULL
) STRICT;
INSERT INTO tiers VALUES
    ('small', 'Small', 536870912, 500, FALSE),
    ('medium', 'Medium', 1073741824, 1000, TRUE),
    ('large', 'Large', 2147483648, 2000, FALSE),
    ('xlarge', 'Extra large', 4294967296, 4000, FALSE);

-- No foreign keys on purpose: events outlive what they speak of.
CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor TEXT,
    actor_id BLOB,
    subject_id BLOB,
    target TEXT,
    target_name TEXT,
    address TEXT,
    detail TEXT,
    request_id TEXT,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_actor ON audit_events (actor_id, seq);
CREATE INDEX audit_events_subject ON audit_events (subject_id, seq);
CREATE INDEX audit_events_event ON audit_events (event, seq);
CREATE INDEX audit_events_target ON audit_events (target, seq);

-- One row: the end of the chain (every writer locks it), and where the kept part begins.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    base_seq INTEGER NOT NULL,
    base_hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_head VALUES (1, 0, x'', 0, x'');

CREATE TABLE notices (
    id BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX notices_user ON notices (user_id, at);
