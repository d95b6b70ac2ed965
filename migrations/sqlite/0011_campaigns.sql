-- Campaigns: which site is to hold which title, from when until when.

CREATE TABLE campaigns (
    id            BLOB   PRIMARY KEY,
    title_id      BLOB   NOT NULL,
    -- The title's name when the campaign was made: it may be deleted since.
    title_name    TEXT   NOT NULL,
    -- JSON array of track numbers; [] is all.
    tracks        TEXT   NOT NULL,
    replicas      BIGINT NOT NULL CHECK (replicas > 0),
    -- 1: every site, also one that is drawn later; then campaign_sites only holds figures.
    all_sites     BIGINT NOT NULL CHECK (all_sites IN (0, 1)),
    not_before_ms BIGINT NOT NULL,
    -- When it should be complete; null: whenever.
    deadline_ms   BIGINT,
    -- When it ends by itself; null: when somebody ends it.
    until_ms      BIGINT,
    -- The name of the API token that made it.
    created_by    TEXT   NOT NULL,
    created_ms    BIGINT NOT NULL,
    -- Null: not ended.
    ended_ms      BIGINT
);
CREATE INDEX campaigns_ended ON campaigns (ended_ms);

CREATE TABLE campaign_sites (
    campaign_id BLOB   NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    site_id     BLOB   NOT NULL REFERENCES sites (id) ON DELETE CASCADE,
    -- What the origin sent to the site of these chunks while it ran.
    wan_bytes   BIGINT NOT NULL,
    PRIMARY KEY (campaign_id, site_id)
);
