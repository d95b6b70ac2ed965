-- A person goes on watching in the player of their PC: codes that its agent trades once, and the sessions that it gets.

CREATE TABLE handoffs (
    id          BLOB   PRIMARY KEY,
    hash        BLOB   NOT NULL UNIQUE,
    person_id   BLOB   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    -- What the person came with: signing out ends the code, too.
    session_id  BLOB   REFERENCES sessions (id) ON DELETE CASCADE,
    token_id    BLOB   REFERENCES tokens (id) ON DELETE CASCADE,
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL,
    -- Null: nobody traded it yet.
    redeemed_ms BIGINT
);
CREATE INDEX handoffs_person ON handoffs (person_id);

-- Null: of a browser. Otherwise of the page that this device's agent serves, good on its own connection only.
ALTER TABLE sessions ADD COLUMN device_id BLOB REFERENCES devices (id) ON DELETE CASCADE;
-- The session that it was handed over from, with which it ends.
ALTER TABLE sessions ADD COLUMN from_id BLOB REFERENCES sessions (id) ON DELETE CASCADE;
CREATE INDEX sessions_from ON sessions (from_id);
