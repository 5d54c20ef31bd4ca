-- Whether the password was last set by a reset link, which an administrator has held. Together with a factor that was
-- reset by an administrator it would open locked terminals to them; the two are kept apart by this.
ALTER TABLE users ADD COLUMN password_by_link INTEGER NOT NULL DEFAULT FALSE CHECK (password_by_link IN (0, 1));
