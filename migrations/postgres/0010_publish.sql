-- Publishing: uploads, titles, their versions, the chunks of a version, and the jobs that make them.
-- Ids are 16 bytes, times are milliseconds since the Unix epoch.

CREATE TABLE uploads (
    id          UUID PRIMARY KEY,
    owner       TEXT    NOT NULL,
    -- Whose spool folder holds the bytes.
    node        TEXT    NOT NULL,
    -- The declared length.
    bytes       BIGINT NOT NULL,
    -- What of it counts against the owner's quota: all of it until the source is removed, then 0.
    held        BIGINT NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('video', 'file')),
    filename    TEXT    NOT NULL,
    media_type  TEXT    NOT NULL,
    -- The title this upload became; null while bytes are missing.
    title       UUID,
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL
);
CREATE INDEX uploads_by_owner ON uploads (owner);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);

-- Whoever adds an upload locks its owner's row first, so that two at once cannot both fit the quota.
CREATE TABLE upload_owners (
    owner TEXT PRIMARY KEY NOT NULL
);

CREATE TABLE titles (
    id          UUID PRIMARY KEY,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('video', 'file')),
    filename    TEXT    NOT NULL,
    media_type  TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    -- Length of what was uploaded.
    bytes       BIGINT NOT NULL,
    state       TEXT    NOT NULL,
    error_code  TEXT,
    -- The version that is published; null until there is one.
    version     BIGINT,
    duration_ms BIGINT,
    created_ms  BIGINT NOT NULL,
    updated_ms  BIGINT NOT NULL
);

-- One row an attempt. An attempt's title key is here before anything is sealed under it, and no
-- other attempt ever uses it.
CREATE TABLE versions (
    title          UUID    NOT NULL,
    version        BIGINT NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('building', 'complete', 'abandoned')),
    wrapped_key    BYTEA    NOT NULL,
    kek            TEXT    NOT NULL,
    -- CBOR of the chunks of the signed manifest; null until complete.
    head           BYTEA,
    -- JSON of the sprite sheet's geometry.
    sprites        TEXT,
    -- An abandoned version's chunks are removed from then on.
    sweep_after_ms BIGINT,
    created_ms     BIGINT NOT NULL,
    PRIMARY KEY (title, version)
);
CREATE INDEX versions_by_state ON versions (state, sweep_after_ms);

-- A chunk's row is here before its bytes are in the store, so that no stored byte is ever unknown.
-- Only chunks of complete versions are served.
CREATE TABLE chunks (
    id      BYTEA    NOT NULL,
    title   UUID    NOT NULL,
    version BIGINT NOT NULL,
    bytes   BIGINT NOT NULL,
    PRIMARY KEY (id, title, version)
);
CREATE INDEX chunks_by_version ON chunks (title, version);

CREATE TABLE jobs (
    id             UUID PRIMARY KEY,
    title          UUID    NOT NULL UNIQUE,
    upload         UUID    NOT NULL,
    -- The node whose spool folder holds the source; null when the source is a master in the store.
    node           TEXT,
    state          TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    -- Who holds the lease, and until when.
    owner          TEXT,
    lease_until_ms BIGINT,
    -- Grows with every claim; what a former holder still writes is refused by it.
    attempt        BIGINT NOT NULL DEFAULT 0,
    failures       BIGINT NOT NULL DEFAULT 0,
    crashes        BIGINT NOT NULL DEFAULT 0,
    interruptions  BIGINT NOT NULL DEFAULT 0,
    not_before_ms  BIGINT NOT NULL,
    permille       BIGINT NOT NULL DEFAULT 0,
    eta_ms         BIGINT,
    -- JSON: how far each rendition is.
    renditions     TEXT,
    -- The end of what the media program said on its standard error.
    log            TEXT,
    created_ms     BIGINT NOT NULL,
    updated_ms     BIGINT NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, not_before_ms);
