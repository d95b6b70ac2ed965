-- People, their groups and roles; tokens and sessions that stand for them.

CREATE TABLE people (
    id          UUID   PRIMARY KEY,
    -- What they sign in as, in lower case.
    login       TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    email       TEXT   NOT NULL,
    department  TEXT   NOT NULL,
    -- Where they come from: made here, or in the company's directory.
    source      TEXT   NOT NULL CHECK (source IN ('local', 'oidc', 'scim')),
    -- What the directory calls them; null: made here.
    external_id TEXT   UNIQUE,
    -- Names of roles, separated by spaces.
    roles       TEXT   NOT NULL,
    active      BIGINT NOT NULL CHECK (active IN (0, 1)),
    -- Argon2id in the PHC format; null: no password.
    password    TEXT,
    -- The secret of the one-time codes, sealed; null: none.
    totp        BYTEA,
    -- 1: a code was given once, so that codes are demanded.
    totp_proven BIGINT NOT NULL CHECK (totp_proven IN (0, 1)),
    -- The time step of the last code: each is good once.
    totp_step   BIGINT NOT NULL,
    created_ms  BIGINT NOT NULL,
    updated_ms  BIGINT NOT NULL
);

CREATE TABLE person_groups (
    id          UUID   PRIMARY KEY,
    name        TEXT   NOT NULL UNIQUE,
    source      TEXT   NOT NULL CHECK (source IN ('local', 'oidc', 'scim')),
    external_id TEXT   UNIQUE,
    -- Roles that its members have on top of their own.
    roles       TEXT   NOT NULL,
    created_ms  BIGINT NOT NULL
);

CREATE TABLE memberships (
    group_id  UUID NOT NULL REFERENCES person_groups (id) ON DELETE CASCADE,
    person_id UUID NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX memberships_person ON memberships (person_id);

-- The one that makes the first owner; it is gone when it was used.
CREATE TABLE setup_tokens (
    hash       BYTEA  PRIMARY KEY,
    expires_ms BIGINT NOT NULL
);

-- Sessions end with this change; everybody signs in again.
DROP TABLE sessions;

CREATE TABLE new_tokens (
    id         UUID   PRIMARY KEY,
    name       TEXT   NOT NULL,
    -- SHA-256 of the token; the token itself is nowhere.
    hash       BYTEA  NOT NULL UNIQUE,
    -- Names of roles, separated by spaces. Of a person's token: no more than that person has now.
    roles      TEXT   NOT NULL,
    -- Null: a token of the installation, not of a person.
    person_id  UUID   REFERENCES people (id) ON DELETE CASCADE,
    created_ms BIGINT NOT NULL,
    -- Null: never.
    expires_ms BIGINT
);
INSERT INTO new_tokens (id, name, hash, roles, person_id, created_ms, expires_ms)
SELECT id, name, hash,
       CASE scope WHEN 'admin' THEN 'owner' WHEN 'publish' THEN 'publisher' ELSE 'viewer' END,
       NULL, created_ms, expires_ms FROM tokens;
DROP TABLE tokens;
ALTER TABLE new_tokens RENAME TO tokens;
CREATE INDEX tokens_person ON tokens (person_id);

CREATE TABLE sessions (
    id         UUID   PRIMARY KEY,
    hash       BYTEA  NOT NULL UNIQUE,
    -- A session stands for a token or for a person, and ends with it.
    token_id   UUID   REFERENCES tokens (id) ON DELETE CASCADE,
    person_id  UUID   REFERENCES people (id) ON DELETE CASCADE,
    -- 1: the person has to set up one-time codes before anything else.
    limited    BIGINT NOT NULL CHECK (limited IN (0, 1)),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    CHECK ((token_id IS NULL) <> (person_id IS NULL))
);
CREATE INDEX sessions_expiry ON sessions (expires_ms);
CREATE INDEX sessions_person ON sessions (person_id);
