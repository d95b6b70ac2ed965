-- How titles come to the people who watch, as their players say: sums by minute and site, and which path views took.

CREATE TABLE delivery (
    title_id     UUID   NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    -- Minutes since the Unix epoch.
    minute       BIGINT NOT NULL,
    -- All zeros: in no site.
    site_id      UUID   NOT NULL,
    -- From the origin over the WAN, from a cache of the office, from PCs nearby.
    origin_bytes BIGINT NOT NULL,
    office_bytes BIGINT NOT NULL,
    nearby_bytes BIGINT NOT NULL,
    -- Media time, and time that a picture stood still for want of it.
    played_ms    BIGINT NOT NULL,
    stalled_ms   BIGINT NOT NULL,
    -- Views that began.
    views        BIGINT NOT NULL,
    PRIMARY KEY (title_id, minute, site_id)
);
CREATE INDEX delivery_minute ON delivery (minute);

CREATE TABLE view_paths (
    -- Days since the Unix epoch.
    day    BIGINT NOT NULL,
    path   TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    views  BIGINT NOT NULL,
    PRIMARY KEY (day, path, reason)
);
