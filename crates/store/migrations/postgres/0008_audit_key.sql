-- mac: authenticates the ends of the audit chain with a key that is not in the database. NULL until the first start with
-- a key, which covers the chain of earlier versions.
ALTER TABLE audit_head ADD COLUMN mac BYTEA;
