-- Webhooks: what happens here is told to addresses that administrators gave.

CREATE TABLE webhooks (
    id              BLOB   PRIMARY KEY,
    url             TEXT   NOT NULL,
    -- The signing secret, sealed under a key that the KEK leads to.
    secret          BLOB   NOT NULL,
    -- JSON array of event types; [] is all.
    events          TEXT   NOT NULL,
    enabled         BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    -- Why the server disabled it; null: it did not.
    disabled_reason TEXT,
    -- Deliveries that were given up since the last that arrived.
    dead_in_row     BIGINT NOT NULL,
    -- The name of the API token that made it.
    created_by      TEXT   NOT NULL,
    created_ms      BIGINT NOT NULL
);

-- What happened, written by the transaction that made it so; soon handed out to the webhooks.
CREATE TABLE webhook_events (
    seq   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT   NOT NULL,
    -- JSON object.
    data  TEXT   NOT NULL,
    at_ms BIGINT NOT NULL
);

CREATE TABLE webhook_deliveries (
    -- Also the message's id: it stays the same however often it is sent.
    id             BLOB   PRIMARY KEY,
    webhook_id     BLOB   NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    kind           TEXT   NOT NULL,
    -- What is sent, to the byte.
    body           TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts       BIGINT NOT NULL,
    -- Not before.
    next_ms        BIGINT NOT NULL,
    -- Somebody is sending it until then at most; 0: nobody.
    lease_until_ms BIGINT NOT NULL,
    -- What the receiver answered last; null: nothing.
    last_status    BIGINT,
    -- Why the last attempt failed; null: it did not.
    last_error     TEXT,
    created_ms     BIGINT NOT NULL,
    -- When it arrived or was given up.
    done_ms        BIGINT
);
CREATE INDEX webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_ms) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_ms);
