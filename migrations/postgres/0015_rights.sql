-- Who may see which title: policies, subscriptions, rentals, and what licences say of people.

CREATE TABLE policies (
    title_id   UUID   PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    -- JSON, as the API shows it.
    policy     TEXT   NOT NULL,
    -- 1: no audience is named.
    everyone   BIGINT NOT NULL CHECK (everyone IN (0, 1)),
    updated_by TEXT   NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- The audience once more, for lists: groups and people by their ids.
CREATE TABLE policy_members (
    title_id  UUID NOT NULL REFERENCES policies (title_id) ON DELETE CASCADE,
    member_id UUID NOT NULL,
    PRIMARY KEY (title_id, member_id)
);

CREATE TABLE collections (
    id         UUID   PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    id            UUID   PRIMARY KEY,
    collection_id UUID   NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    -- A person, or a group all of whose people have it.
    member_id     UUID   NOT NULL,
    from_ms       BIGINT NOT NULL,
    until_ms      BIGINT NOT NULL,
    created_by    TEXT   NOT NULL,
    created_ms    BIGINT NOT NULL
);
CREATE INDEX subscriptions_member ON subscriptions (member_id, collection_id);

CREATE TABLE rentals (
    id            UUID   PRIMARY KEY,
    title_id      UUID   NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    person_id     UUID   NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    bought_ms     BIGINT NOT NULL,
    -- Null: no licence was given for it yet.
    first_play_ms BIGINT,
    created_by    TEXT   NOT NULL
);
CREATE INDEX rentals_person ON rentals (person_id, title_id, bought_ms);

-- Null: nobody was signed in.
ALTER TABLE licenses ADD COLUMN person_id UUID;
-- The first licence of the stream that this one goes on with.
ALTER TABLE licenses ADD COLUMN stream UUID;
-- Where the person's usage was counted when it was issued.
ALTER TABLE licenses ADD COLUMN department TEXT NOT NULL DEFAULT '';
-- Until when it opens something without contact; its beginning: never.
ALTER TABLE licenses ADD COLUMN offline_until_ms BIGINT NOT NULL DEFAULT 0;
-- When its player gave it back, or somebody revoked it; null: neither.
ALTER TABLE licenses ADD COLUMN ended_ms BIGINT;
CREATE INDEX licenses_person ON licenses (person_id, expires_ms);
