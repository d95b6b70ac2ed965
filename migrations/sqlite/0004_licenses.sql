-- Every licence that was issued: who may open what until when.

CREATE TABLE licenses (
    id         BLOB   PRIMARY KEY,
    title_id   BLOB   NOT NULL,
    version    BIGINT NOT NULL,
    -- Null: a page's key played the device.
    device_id  BLOB,
    -- The name of the token whose holder asked, or of the device.
    subject    TEXT   NOT NULL,
    issued_ms  BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX licenses_title ON licenses (title_id, issued_ms);
