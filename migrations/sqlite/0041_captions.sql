-- Captions and chapters beside a title, and the spoken lines by which people find it.

CREATE TABLE captions (
    title_id   BLOB   NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
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
    title_id   BLOB   PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    -- JSON array of {"start_ms", "title"}.
    chapters   TEXT   NOT NULL,
    updated_by TEXT   NOT NULL,
    updated_ms BIGINT NOT NULL
);

-- A line that is spoken, and its words as in title_words.
CREATE TABLE spoken_lines (
    id       INTEGER PRIMARY KEY,
    title_id BLOB    NOT NULL,
    lang     TEXT    NOT NULL,
    at_ms    BIGINT  NOT NULL,
    line     TEXT    NOT NULL,
    words    TEXT    NOT NULL,
    FOREIGN KEY (title_id, lang) REFERENCES captions (title_id, lang) ON DELETE CASCADE
);
CREATE INDEX spoken_lines_title ON spoken_lines (title_id, lang);
CREATE VIRTUAL TABLE spoken_index USING fts5(
    words, content = 'spoken_lines', content_rowid = 'id', prefix = '2 3', detail = 'full',
    tokenize = 'unicode61 remove_diacritics 0'
);
CREATE TRIGGER spoken_lines_added AFTER INSERT ON spoken_lines BEGIN
    INSERT INTO spoken_index (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER spoken_lines_removed AFTER DELETE ON spoken_lines BEGIN
    INSERT INTO spoken_index (spoken_index, rowid, words) VALUES ('delete', old.id, old.words);
END;
