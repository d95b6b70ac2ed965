-- Publishing: uploads, titles, their versions, the chunks of a version, and the jobs that make them.
-- Ids are 16 bytes, times are milliseconds since the Unix epoch.

CREATE TABLE uploads (
    id          BLOB    PRIMARY KEY NOT NULL,
    owner       TEXT    NOT NULL,
    -- Whose spool folder holds the bytes.
    node        TEXT    NOT NULL,
    -- The declared length.
    bytes       INTEGER NOT NULL,
    -- What of it counts against the owner's quota: all of it until the source is removed, then 0.
    held        INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('video', 'file')),
    filename    TEXT    NOT NULL,
    media_type  TEXT    NOT NULL,
    -- The title this upload became; null while bytes are missing.
    title       BLOB,
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL
);
CREATE INDEX uploads_by_owner ON uploads (owner);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);

-- Whoever adds an upload locks its owner's row first, so that two at once cannot both fit the quota.
CREATE TABLE upload_owners (
    owner TEXT PRIMARY KEY NOT NULL
);

CREATE TABLE titles (
    id          BLOB    PRIMARY KEY NOT NULL,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('video', 'file')),
    filename    TEXT    NOT NULL,
    media_type  TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    -- Length of what was uploaded.
    bytes       INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    error_code  TEXT,
    -- The version that is published; null until there is one.
    version     INTEGER,
    duration_ms INTEGER,
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL
);

-- One row an attempt. An attempt's title key is here before anything is sealed under it, and no
-- other attempt ever uses it.
CREATE TABLE versions (
    title          BLOB    NOT NULL,
    version        INTEGER NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('building', 'complete', 'abandoned')),
    wrapped_key    BLOB    NOT NULL,
    kek            TEXT    NOT NULL,
    -- CBOR of the chunks of the signed manifest; null until complete.
    head           BLOB,
    -- JSON of the sprite sheet's geometry.
    sprites        TEXT,
    -- An abandoned version's chunks are removed from then on.
    sweep_after_ms INTEGER,
    created_ms     INTEGER NOT NULL,
    PRIMARY KEY (title, version)
);
CREATE INDEX versions_by_state ON versions (state, sweep_after_ms);

-- A chunk's row is here before its bytes are in the store, so that no stored byte is ever unknown.
-- Only chunks of complete versions are served.
CREATE TABLE chunks (
    id      BLOB    NOT NULL,
    title   BLOB    NOT NULL,
    version INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    PRIMARY KEY (id, title, version)
) WITHOUT ROWID;
CREATE INDEX chunks_by_version ON chunks (title, version);

CREATE TABLE jobs (
    id             BLOB    PRIMARY KEY NOT NULL,
    title          BLOB    NOT NULL UNIQUE,
    upload         BLOB    NOT NULL,
    -- The node whose spool folder holds the source; null when the source is a master in the store.
    node           TEXT,
    state          TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    -- Who holds the lease, and until when.
    owner          TEXT,
    lease_until_ms INTEGER,
    -- Grows with every claim; what a former holder still writes is refused by it.
    attempt        INTEGER NOT NULL DEFAULT 0,
    failures       INTEGER NOT NULL DEFAULT 0,
    crashes        INTEGER NOT NULL DEFAULT 0,
    interruptions  INTEGER NOT NULL DEFAULT 0,
    not_before_ms  INTEGER NOT NULL,
    permille       INTEGER NOT NULL DEFAULT 0,
    eta_ms         INTEGER,
    -- JSON: how far each rendition is.
    renditions     TEXT,
    -- The end of what the media program said on its standard error.
    log            TEXT,
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, not_before_ms);
