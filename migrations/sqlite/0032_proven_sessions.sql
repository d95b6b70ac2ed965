-- Whether a session began with more than a password. What its person may do is decided at each request: roles may come
-- to them while it lasts.

-- 1: with a one-time code, or through the company's identity provider, which asks for what it finds necessary.
ALTER TABLE sessions ADD COLUMN proven BIGINT NOT NULL DEFAULT 0 CHECK (proven IN (0, 1));
UPDATE sessions SET proven = 1 WHERE limited = 0 AND person_id IN
    (SELECT id FROM people WHERE totp_proven = 1 OR password IS NULL);
ALTER TABLE sessions DROP COLUMN limited;
