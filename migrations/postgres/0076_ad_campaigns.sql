-- What fills breaks: creatives, ad campaigns, decision servers, and the order in which they are asked.

CREATE TABLE ad_creatives (
    id             UUID   PRIMARY KEY,
    -- Null: it is not fetched yet, or the title was deleted.
    title          UUID   REFERENCES titles (id) ON DELETE SET NULL,
    name           TEXT   NOT NULL,
    click          TEXT,
    -- What makes two the same: of a title, of a universal ad id, or of a URL.
    key            TEXT   NOT NULL UNIQUE,
    -- 1: viewers do not find its title in lists.
    hidden         BIGINT NOT NULL,
    -- Null: it was made of a title of the library.
    source_url     TEXT,
    -- JSON: registry and value.
    universal_id   TEXT,
    -- How long it was said to play, milliseconds.
    promised_ms    BIGINT,
    -- Why it cannot be shown: a code of VAST, and words.
    error_code     BIGINT,
    reason         TEXT,
    -- Who fetches it holds it until then.
    lease_until_ms BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    next_ms        BIGINT NOT NULL,
    -- Null: its bytes are not here yet.
    fetched_ms     BIGINT,
    created_by     TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL
);
CREATE INDEX ad_creatives_title ON ad_creatives (title);

CREATE TABLE ad_campaigns (
    id             UUID   PRIMARY KEY,
    name           TEXT   NOT NULL,
    creative       UUID   NOT NULL REFERENCES ad_creatives (id),
    from_ms        BIGINT NOT NULL,
    until_ms       BIGINT,
    -- Showings: of one viewer a day, of one viewer, of all; null: no end.
    cap_viewer_day BIGINT,
    cap_viewer     BIGINT,
    cap_total      BIGINT,
    priority       BIGINT NOT NULL,
    must_see       BIGINT NOT NULL,
    skip_after_ms  BIGINT,
    emergency      BIGINT NOT NULL,
    click          TEXT,
    why            TEXT,
    -- Decisions that showed it.
    shown          BIGINT NOT NULL,
    -- The campaign by which the sites hold its creative.
    held           UUID,
    edition        BIGINT NOT NULL,
    created_by     TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL,
    ended_ms       BIGINT
);
CREATE INDEX ad_campaigns_running ON ad_campaigns (ended_ms, from_ms);

-- Whom it is for; of a kind that is not there, everybody.
CREATE TABLE ad_campaign_audience (
    campaign UUID NOT NULL REFERENCES ad_campaigns (id) ON DELETE CASCADE,
    -- site, group, title or collection.
    kind     TEXT NOT NULL,
    member   UUID NOT NULL,
    PRIMARY KEY (campaign, kind, member)
);

-- How often one viewer was to be shown it, by day.
CREATE TABLE ad_campaign_shown (
    campaign UUID   NOT NULL REFERENCES ad_campaigns (id) ON DELETE CASCADE,
    -- A person, a device with nobody signed in, or a playback.
    viewer   UUID   NOT NULL,
    -- Days since the Unix epoch.
    day      BIGINT NOT NULL,
    shown    BIGINT NOT NULL,
    PRIMARY KEY (campaign, viewer, day)
);
CREATE INDEX ad_campaign_shown_viewer ON ad_campaign_shown (viewer);

CREATE TABLE ad_servers (
    id             UUID   PRIMARY KEY,
    name           TEXT   NOT NULL,
    -- vast or webhook.
    kind           TEXT   NOT NULL,
    url            TEXT   NOT NULL,
    timeout_ms     BIGINT NOT NULL,
    -- Its place among those that the settings do not put in order.
    place          BIGINT NOT NULL,
    enabled        BIGINT NOT NULL,
    forward_viewer BIGINT NOT NULL,
    -- What signs the questions to it, sealed.
    secret         BYTEA  NOT NULL,
    secret_kek     TEXT   NOT NULL,
    edition        BIGINT NOT NULL,
    created_by     TEXT   NOT NULL,
    created_ms     BIGINT NOT NULL
);

-- One row.
CREATE TABLE ad_settings (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    -- JSON: `campaigns` and ids of decision servers, in the order in which they are asked.
    hooks   TEXT   NOT NULL,
    -- What is shown when nothing else is.
    slate   UUID   REFERENCES ad_creatives (id) ON DELETE SET NULL,
    -- Who calls the URLs of decision servers: server or player.
    report  TEXT   NOT NULL,
    edition BIGINT NOT NULL
);
INSERT INTO ad_settings (id, hooks, slate, report, edition) VALUES (1, '["campaigns"]', NULL, 'server', 1);

CREATE INDEX ad_decisions_person ON ad_decisions (person, made_ms);
CREATE INDEX ad_decisions_device ON ad_decisions (device, made_ms);
