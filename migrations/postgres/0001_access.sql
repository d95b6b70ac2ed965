-- Which installation this is, and who may call it.

CREATE TABLE installation (
    id               INTEGER PRIMARY KEY CHECK (id = 1),
    tenant           TEXT    NOT NULL,
    -- Of the keys folder; a start with other keys is refused.
    keys_fingerprint BYTEA   NOT NULL,
    created_ms       BIGINT  NOT NULL
);

CREATE TABLE tokens (
    id         UUID   PRIMARY KEY,
    name       TEXT   NOT NULL,
    -- SHA-256 of the token; the token itself is nowhere.
    hash       BYTEA  NOT NULL UNIQUE,
    scope      TEXT   NOT NULL CHECK (scope IN ('view', 'publish', 'admin')),
    created_ms BIGINT NOT NULL,
    -- Null: never.
    expires_ms BIGINT
);

CREATE TABLE sessions (
    id         UUID   PRIMARY KEY,
    hash       BYTEA  NOT NULL UNIQUE,
    -- A session can do what its token can, and ends with it.
    token_id   UUID   NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_ms);
