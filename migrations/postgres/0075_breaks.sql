-- Breaks of titles, and what filled them.

-- What is to stand in the manifest: it is signed anew when this changes.
CREATE TABLE breaks (
    title     UUID    NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    id        BIGINT NOT NULL,
    -- Media time, milliseconds.
    at_ms     BIGINT NOT NULL,
    -- How long it should be; null: as long as what fills it.
    length_ms BIGINT,
    -- How much of the content it replaces.
    resume_ms BIGINT NOT NULL,
    -- 1: seeking over it plays it first.
    hold      BIGINT NOT NULL,
    -- hand, vmap or scte35.
    origin    TEXT   NOT NULL,
    -- The splice message it came from.
    scte35    BYTEA,
    PRIMARY KEY (title, id)
);

-- What fills one break of one playback.
CREATE TABLE ad_decisions (
    id       UUID    PRIMARY KEY,
    -- Drawn by the player, once a playback.
    session  UUID    NOT NULL,
    title    UUID    NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    break_id BIGINT NOT NULL,
    -- Who watches, as far as it is known.
    person   UUID,
    device   UUID,
    site     UUID,
    -- JSON: which hooks were asked, and what became of each.
    hooks    TEXT   NOT NULL,
    -- The answer.
    list     TEXT   NOT NULL,
    made_ms  BIGINT NOT NULL,
    UNIQUE (session, title, break_id)
);
CREATE INDEX ad_decisions_at ON ad_decisions (made_ms);

-- One showing of one creative.
CREATE TABLE ad_instances (
    id          UUID    PRIMARY KEY,
    decision    UUID    NOT NULL REFERENCES ad_decisions (id) ON DELETE CASCADE,
    nth         BIGINT NOT NULL,
    -- emergency, campaign, vast, webhook or slate.
    kind        TEXT   NOT NULL,
    -- The ad campaign, or the decision server.
    source      UUID,
    -- The decision server's name of the ad.
    ad          TEXT   NOT NULL,
    -- The creative's title.
    creative    UUID    NOT NULL,
    duration_ms BIGINT NOT NULL,
    -- JSON: the URLs to call, as dms-ads' Tracker, and those for errors.
    tracking    TEXT   NOT NULL,
    errors      TEXT   NOT NULL,
    -- Who calls them: server or player.
    report      TEXT   NOT NULL
);
CREATE INDEX ad_instances_decision ON ad_instances (decision);
CREATE INDEX ad_instances_source ON ad_instances (source);
