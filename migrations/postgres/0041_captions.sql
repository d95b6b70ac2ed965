-- Captions and chapters beside a title, and the spoken lines by which people find it.

CREATE TABLE captions (
    title_id   UUID   NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    -- BCP 47, in its one spelling.
    lang       TEXT   NOT NULL,
    -- What people read in the menu.
    label      TEXT   NOT NULL,
    -- WebVTT as this server writes it.
    vtt        TEXT   NOT NULL,
    cues       BIGINT NOT NULL,
    updated_by TEXT   NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (title_id, lang)
);

CREATE TABLE chapters (
    title_id   UUID   PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    -- JSON array of {"start_ms", "title"}.
    chapters   TEXT   NOT NULL,
    updated_by TEXT   NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- A line that is spoken, and its words as in title_words.
CREATE TABLE spoken_lines (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title_id UUID   NOT NULL,
    lang     TEXT   NOT NULL,
    at_ms    BIGINT NOT NULL,
    line     TEXT   NOT NULL,
    words    TEXT   NOT NULL,
    found_by TSVECTOR NOT NULL GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED,
    FOREIGN KEY (title_id, lang) REFERENCES captions (title_id, lang) ON DELETE CASCADE
);
CREATE INDEX spoken_lines_title ON spoken_lines (title_id, lang);
CREATE INDEX spoken_lines_index ON spoken_lines USING GIN (found_by);
