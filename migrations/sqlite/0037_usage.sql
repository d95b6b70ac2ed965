-- What was played, and the clocks of devices that play without contact.

-- One stretch of playing under a licence, as its player reported it.
CREATE TABLE plays (
    license_id  BLOB   NOT NULL REFERENCES licenses (id) ON DELETE CASCADE,
    from_ms     BIGINT NOT NULL,
    until_ms    BIGINT NOT NULL,
    -- Media time, milliseconds.
    played_ms   BIGINT NOT NULL,
    -- 1: without contact to the server.
    offline     BIGINT NOT NULL CHECK (offline IN (0, 1)),
    reported_ms BIGINT NOT NULL,
    PRIMARY KEY (license_id, from_ms)
);
CREATE INDEX licenses_issued ON licenses (issued_ms);

-- What a device said of its watch at the last contact at which nothing was wrong.
CREATE TABLE device_watches (
    device_id    BLOB   NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    -- Whose watch it is; all zeros: nobody was signed in.
    person_id    BLOB   NOT NULL,
    counter      BIGINT NOT NULL,
    mark_ms      BIGINT NOT NULL,
    seen_ms      BIGINT NOT NULL,
    -- When it was found to have gone back; null: it was not, or an administrator has looked.
    went_back_ms BIGINT,
    PRIMARY KEY (device_id, person_id)
);
