-- What was told of showings, the URLs that are called for it, and what it comes to.

-- Each event of an instance once, whoever told it how often.
CREATE TABLE ad_events (
    instance UUID NOT NULL REFERENCES ad_instances (id) ON DELETE CASCADE,
    event    TEXT NOT NULL,
    -- Of progress, its mark; else 0.
    mark_ms  BIGINT NOT NULL,
    media_ms BIGINT NOT NULL,
    -- By the player's clock.
    at_ms    BIGINT NOT NULL,
    code     BIGINT,
    -- Words for what is odd about it, apart by spaces.
    flags    TEXT NOT NULL,
    told_ms  BIGINT NOT NULL,
    PRIMARY KEY (instance, event, mark_ms)
);
CREATE INDEX ad_events_at ON ad_events (at_ms);

-- What a device signed: its own words, which need not be those that were counted first.
CREATE TABLE ad_receipts (
    instance  UUID NOT NULL REFERENCES ad_instances (id) ON DELETE CASCADE,
    event     TEXT NOT NULL,
    mark_ms   BIGINT NOT NULL,
    media_ms  BIGINT NOT NULL,
    at_ms     BIGINT NOT NULL,
    code      BIGINT,
    device    UUID NOT NULL,
    -- Of the key that signed.
    key_hash  BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    taken_ms  BIGINT NOT NULL,
    PRIMARY KEY (instance, event, mark_ms)
);

-- The newest certificate of each key of a device: what its signatures are checked with.
CREATE TABLE device_certificates (
    device      UUID NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    key_hash    BYTEA NOT NULL,
    certificate BYTEA NOT NULL,
    issued_ms   BIGINT NOT NULL,
    PRIMARY KEY (device, key_hash)
);

-- A request that is to leave once.
CREATE TABLE ad_beacons (
    id             UUID PRIMARY KEY,
    instance       UUID NOT NULL REFERENCES ad_instances (id) ON DELETE CASCADE,
    -- Which of the instance's URLs.
    slot           BIGINT NOT NULL,
    event          TEXT NOT NULL,
    host           TEXT NOT NULL,
    url            TEXT NOT NULL,
    -- Who watched, where that is passed on.
    viewer_address TEXT,
    viewer_agent   TEXT,
    -- waiting, claimed, writing, done or failed.
    state          TEXT NOT NULL,
    attempts       BIGINT NOT NULL,
    next_ms        BIGINT NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    -- What was answered.
    status         BIGINT,
    reason         TEXT,
    made_ms        BIGINT NOT NULL,
    done_ms        BIGINT,
    UNIQUE (instance, slot)
);
CREATE INDEX ad_beacons_due ON ad_beacons (state, next_ms);

-- Sums by the hour, kept longer than what they are the sums of.
CREATE TABLE ad_hours (
    -- Hours since the Unix epoch.
    hour   BIGINT NOT NULL,
    -- The title with the break.
    title  UUID NOT NULL,
    -- All zeros: none is known.
    site   UUID NOT NULL,
    kind   TEXT NOT NULL,
    -- The ad campaign or decision server; all zeros: none.
    source UUID NOT NULL,
    -- An event, error:CODE, told, signed, flagged, asked or filled.
    metric TEXT NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (hour, title, site, kind, source, metric)
);
