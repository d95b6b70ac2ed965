-- Who did what, when. Rows are only added; each row's MAC covers it and the one before.

CREATE TABLE audit (
    -- From 1, without gaps.
    seq         BIGINT PRIMARY KEY,
    at_ms       BIGINT NOT NULL,
    actor_kind  TEXT   NOT NULL,
    actor_id    TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    object_kind TEXT   NOT NULL,
    object      TEXT   NOT NULL,
    -- JSON.
    detail      TEXT   NOT NULL,
    mac         BYTEA  NOT NULL
);
CREATE INDEX audit_time ON audit (at_ms);
CREATE INDEX audit_object ON audit (object, seq);

CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    -- The last row, and its MAC.
    seq  BIGINT  NOT NULL,
    mac  BYTEA   NOT NULL,
    -- Covers both.
    seal BYTEA   NOT NULL
);
INSERT INTO audit_head (id, seq, mac, seal)
VALUES (1, 0, decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$;
CREATE TRIGGER audit_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
