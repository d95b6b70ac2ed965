-- What an upload's title gets with its last byte.

-- JSON of a policy; null: none was given.
ALTER TABLE uploads ADD COLUMN policy TEXT;
ALTER TABLE uploads ADD COLUMN policy_by TEXT;
CREATE INDEX uploads_by_age ON uploads (created_ms, id);
