-- Devices that were reported for wrong bytes and are to be asked again.

CREATE TABLE pardons (
    device_id UUID   PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    -- Reports up to then are forgiven.
    at_ms     BIGINT NOT NULL,
    -- The name of the API token that pardoned it.
    by_whom   TEXT   NOT NULL,
    -- How often it was.
    times     BIGINT NOT NULL
);
