-- What publishers say of titles, and the words by which people find them.

ALTER TABLE titles ADD COLUMN description TEXT NOT NULL DEFAULT '';
-- JSON array, in the order given.
ALTER TABLE titles ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- Grows with every change that somebody makes.
ALTER TABLE titles ADD COLUMN edition BIGINT NOT NULL DEFAULT 1;

-- The tags once more, for lists.
CREATE TABLE title_tags (
    title_id BLOB NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,
    PRIMARY KEY (title_id, tag)
);
CREATE INDEX title_tags_by_tag ON title_tags (tag, title_id);
CREATE INDEX titles_by_state ON titles (state, id);

-- The words of a title, folded: lower case, without accents, separated by spaces.
CREATE TABLE title_words (
    id       INTEGER PRIMARY KEY,
    title_id BLOB    NOT NULL UNIQUE REFERENCES titles (id) ON DELETE CASCADE,
    name     TEXT    NOT NULL,
    tags     TEXT    NOT NULL,
    about    TEXT    NOT NULL
);
CREATE VIRTUAL TABLE title_index USING fts5(
    name, tags, about, content = 'title_words', content_rowid = 'id', prefix = '2 3',
    tokenize = 'unicode61 remove_diacritics 0'
);
CREATE TRIGGER title_words_added AFTER INSERT ON title_words BEGIN
    INSERT INTO title_index (rowid, name, tags, about) VALUES (new.id, new.name, new.tags, new.about);
END;
CREATE TRIGGER title_words_removed AFTER DELETE ON title_words BEGIN
    INSERT INTO title_index (title_index, rowid, name, tags, about)
    VALUES ('delete', old.id, old.name, old.tags, old.about);
END;
CREATE TRIGGER title_words_changed AFTER UPDATE ON title_words BEGIN
    INSERT INTO title_index (title_index, rowid, name, tags, about)
    VALUES ('delete', old.id, old.name, old.tags, old.about);
    INSERT INTO title_index (rowid, name, tags, about) VALUES (new.id, new.name, new.tags, new.about);
END;
