-- Which instance (the file of that name in the data directory, and the label on its containers) this database records. A
-- server that finds another one does not start: with a wrong database every home would be one without an owner.
ALTER TABLE settings ADD COLUMN instance TEXT;
