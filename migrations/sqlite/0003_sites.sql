-- Sites, their subnets, and what peers said about one another.

CREATE TABLE sites (
    id         BLOB   PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE,
    peering    TEXT   NOT NULL CHECK (peering IN ('on', 'consume_only', 'off')),
    -- Bytes per second; 0 is no limit.
    wan_cap    BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);

CREATE TABLE subnets (
    -- In its one spelling, such as 10.20.0.0/16.
    subnet  TEXT PRIMARY KEY,
    site_id BLOB NOT NULL REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX subnets_site ON subnets (site_id);

CREATE TABLE bad_chunks (
    reporter BLOB   NOT NULL,
    -- Who sent the bytes.
    culprit  BLOB   NOT NULL,
    chunk    BLOB   NOT NULL,
    -- What the bytes hashed to.
    got      BLOB   NOT NULL,
    at_ms    BIGINT NOT NULL,
    -- A report that is repeated counts once.
    PRIMARY KEY (reporter, culprit, chunk)
);
CREATE INDEX bad_chunks_culprit ON bad_chunks (culprit);
