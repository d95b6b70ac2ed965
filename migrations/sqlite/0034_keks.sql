-- Key encryption keys: which there are, and which one wrapped what. The keys themselves lie in the keys folder.

CREATE TABLE keks (
    -- 16 hexadecimal digits that tell nothing about the key.
    id         TEXT   PRIMARY KEY,
    -- `current` wraps what is new; what a `rewrapping` one wrapped is being wrapped anew; a `retired` one wrapped
    -- nothing that is there; of a `removed` one only this row is left.
    state      TEXT   NOT NULL CHECK (state IN ('current', 'rewrapping', 'retired', 'removed')),
    -- How often it wrapped something new. Whoever wraps counts here while it is current: no other can be used.
    used       BIGINT NOT NULL,
    made_ms    BIGINT NOT NULL,
    retired_ms BIGINT,
    removed_ms BIGINT
);
CREATE UNIQUE INDEX keks_current ON keks (state) WHERE state = 'current';

CREATE INDEX versions_by_kek ON versions (kek);

-- The KEK whose vault key sealed it; empty: made before KEKs had names, and named at the next start.
ALTER TABLE people ADD COLUMN totp_kek TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN secret_kek TEXT NOT NULL DEFAULT '';
