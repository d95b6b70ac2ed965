-- Command lines that wait for a person to let them in (RFC 8628).

CREATE TABLE grants (
    id          BLOB   PRIMARY KEY,
    -- SHA-256 of the code that the command line asks with.
    device_hash BLOB  NOT NULL UNIQUE,
    -- Of the short code that the person types: a MAC, since all short codes could be tried against a hash.
    user_hash   BLOB  NOT NULL UNIQUE,
    -- What asks, as it says itself, and the address that it asked from.
    name        TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('asked', 'approved', 'refused')),
    -- Who answered, and the roles that they give; null and empty before.
    person_id   BLOB   REFERENCES people (id) ON DELETE CASCADE,
    roles       TEXT   NOT NULL,
    -- Seconds that must lie between two asks, and the last of them.
    interval_s  BIGINT NOT NULL,
    polled_ms   BIGINT NOT NULL,
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL
);
CREATE INDEX grants_expiry ON grants (expires_ms);
