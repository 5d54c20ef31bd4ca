-- Accounts, logins, factors, terminals, grants, settings, the audit chain. Times are milliseconds since 1970 in UTC.
-- The SQLite twin of this file has the same tables and columns.

CREATE TABLE users (
    id UUID PRIMARY KEY NOT NULL,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    terminals_max BIGINT,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT
);

-- kind: 'pending' (password right, code missing) or 'full'. Only hashes of tokens are kept.
CREATE TABLE login_sessions (
    id UUID PRIMARY KEY NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('pending', 'full')),
    token_hash BYTEA NOT NULL UNIQUE,
    previous_hash BYTEA UNIQUE,
    previous_until BIGINT NOT NULL DEFAULT 0,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_secs BIGINT NOT NULL,
    absolute_end BIGINT NOT NULL
);
CREATE INDEX login_sessions_user ON login_sessions (user_id);

-- One factor per account. secret_* is the confirmed one, pending_* waits for its first right code.
CREATE TABLE factors (
    user_id UUID PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_enc BYTEA,
    key_id TEXT,
    last_step BIGINT NOT NULL DEFAULT -1,
    confirmed_at BIGINT,
    pending_enc BYTEA,
    pending_key_id TEXT,
    pending_until BIGINT NOT NULL DEFAULT 0,
    recovery_salt BYTEA,
    failures BIGINT NOT NULL DEFAULT 0,
    wait_until BIGINT NOT NULL DEFAULT 0,
    login_wait_until BIGINT NOT NULL DEFAULT 0,
    stopped BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE recovery_codes (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, hash)
);

CREATE TABLE one_time_links (
    id UUID PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('setup', 'invite', 'reset')),
    token_hash BYTEA NOT NULL UNIQUE,
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('user', 'admin')),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE terminals (
    id UUID PRIMARY KEY NOT NULL,
    owner_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    hostname TEXT NOT NULL,
    image TEXT NOT NULL,
    tier TEXT NOT NULL,
    profile TEXT NOT NULL,
    egress TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('creating', 'running', 'stopped', 'failed', 'deleting')),
    mfa_locked BOOLEAN NOT NULL DEFAULT FALSE,
    lock_epoch BIGINT NOT NULL DEFAULT 0,
    error TEXT,
    created_at BIGINT NOT NULL,
    last_active_at BIGINT NOT NULL
);
CREATE INDEX terminals_owner ON terminals (owner_id, created_at);

-- A grant is of one login session on one terminal at one epoch; a new lock removes them all.
CREATE TABLE grants (
    session_id UUID NOT NULL REFERENCES login_sessions (id) ON DELETE CASCADE,
    terminal_id UUID NOT NULL REFERENCES terminals (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    last_input_at BIGINT NOT NULL,
    idle_secs BIGINT NOT NULL,
    absolute_end BIGINT NOT NULL,
    PRIMARY KEY (session_id, terminal_id)
);
CREATE INDEX grants_terminal ON grants (terminal_id);

-- One row. setup_done goes from 0 to 1 once, and that update decides which set-up wins.
CREATE TABLE settings (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    setup_done BOOLEAN NOT NULL DEFAULT FALSE,
    session_idle_secs BIGINT NOT NULL,
    session_absolute_secs BIGINT NOT NULL,
    grant_idle_secs BIGINT NOT NULL,
    grant_absolute_secs BIGINT NOT NULL,
    totp_one_step_ahead BOOLEAN NOT NULL,
    mfa_required BOOLEAN NOT NULL,
    terminals_max BIGINT NOT NULL,
    audit_retention_days BIGINT NOT NULL
);
INSERT INTO settings VALUES (1, FALSE, 1800, 43200, 900, 28800, FALSE, FALSE, 10, 365);

CREATE TABLE images (
    name TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    reference TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    is_default BOOLEAN NOT NULL
);
INSERT INTO images VALUES
    ('debian', 'Debian', 'A small Debian: bash and the everyday commands.', 'rexec/debian:1', TRUE, TRUE),
    ('dev', 'Development', 'Debian with git, vim, python3, node, gcc and tmux.', 'rexec/dev:1', TRUE, FALSE);

CREATE TABLE tiers (
    name TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    is_default BOOLEAN NOT NULL
);
INSERT INTO tiers VALUES
    ('small', 'Small', 536870912, 500, FALSE),
    ('medium', 'Medium', 1073741824, 1000, TRUE),
    ('large', 'Large', 2147483648, 2000, FALSE),
    ('xlarge', 'Extra large', 4294967296, 4000, FALSE);

-- No foreign keys on purpose: events outlive what they speak of.
CREATE TABLE audit_events (
    seq BIGINT PRIMARY KEY NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor TEXT,
    actor_id UUID,
    subject_id UUID,
    target TEXT,
    target_name TEXT,
    address TEXT,
    detail TEXT,
    request_id TEXT,
    hash BYTEA NOT NULL
);
CREATE INDEX audit_events_actor ON audit_events (actor_id, seq);
CREATE INDEX audit_events_subject ON audit_events (subject_id, seq);
CREATE INDEX audit_events_event ON audit_events (event, seq);
CREATE INDEX audit_events_target ON audit_events (target, seq);

-- One row: the end of the chain (every writer locks it), and where the kept part begins.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    base_seq BIGINT NOT NULL,
    base_hash BYTEA NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, ''::bytea, 0, ''::bytea);

CREATE TABLE notices (
    id UUID PRIMARY KEY NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX notices_user ON notices (user_id, at);
