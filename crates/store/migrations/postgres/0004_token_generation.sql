-- Generation of a login session's token, raised by each rotation. A lease records the generation it was opened with.
ALTER TABLE login_sessions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
