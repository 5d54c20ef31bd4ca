-- Generation of a login session's token, raised by each rotation. The gate admits only the newest one.
ALTER TABLE login_sessions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
