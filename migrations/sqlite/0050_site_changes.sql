-- Changes of the sites that can be taken back for a day, and what devices see of the network around them.

CREATE TABLE site_changes (
    id      BLOB   PRIMARY KEY,
    at_ms   BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    summary TEXT   NOT NULL,
    -- JSON: the sites as the change left them, and as they were before it.
    done    TEXT   NOT NULL,
    inverse TEXT   NOT NULL,
    -- The change that took this one back; null: none did.
    undone_by BLOB
);
CREATE INDEX site_changes_at ON site_changes (at_ms);

CREATE TABLE observations (
    device_id BLOB   PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    at_ms     BIGINT NOT NULL,
    -- The address it called from.
    remote    TEXT   NOT NULL,
    -- 32 hexadecimal digits; null: it could not tell.
    gateway   TEXT,
    domain    TEXT,
    -- Separated by spaces.
    subnets   TEXT   NOT NULL,
    rtt_ms    BIGINT
);

CREATE TABLE dismissed_proposals (
    -- What the proposal is about, in one spelling.
    key   TEXT   PRIMARY KEY,
    at_ms BIGINT NOT NULL
);
