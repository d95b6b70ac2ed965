-- Enrolled devices, and the tokens they enrol with.

CREATE TABLE enrollment_tokens (
    id         UUID   PRIMARY KEY,
    -- SHA-256 of the token; the token itself is nowhere.
    hash       BYTEA  NOT NULL UNIQUE,
    uses       BIGINT NOT NULL CHECK (uses > 0),
    uses_left  BIGINT NOT NULL CHECK (uses_left >= 0),
    -- The name of the API token that made it.
    created_by TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);

CREATE TABLE devices (
    id         UUID   PRIMARY KEY,
    name       TEXT   NOT NULL,
    kind       TEXT   NOT NULL CHECK (kind IN ('edge_peer', 'player')),
    -- SHA-256 of its public key.
    key_hash   BYTEA  NOT NULL,
    token_id   UUID   NOT NULL REFERENCES enrollment_tokens (id),
    enrolled_ms BIGINT NOT NULL,
    -- End of its newest certificate.
    expires_ms BIGINT NOT NULL,
    -- Null: not revoked.
    revoked_ms BIGINT,
    -- A device whose answer was lost repeats its request and is the same device.
    UNIQUE (token_id, key_hash)
);
CREATE INDEX devices_revoked ON devices (revoked_ms, expires_ms) WHERE revoked_ms IS NOT NULL;
