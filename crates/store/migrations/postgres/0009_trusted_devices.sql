-- Browsers in which an account has completed a sign-in, with their own count of wrong codes. hash: SHA-256 of the id in
-- the browser's cookie. Cookies of earlier versions have no row: the next sign-in gives a new one.
CREATE TABLE trusted_devices (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    last_login_at BIGINT NOT NULL,
    failures BIGINT NOT NULL DEFAULT 0,
    wait_until BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, hash)
);
