-- What publishers say of titles, and the words by which people find them.

ALTER TABLE titles ADD COLUMN description TEXT NOT NULL DEFAULT '';
-- JSON array, in the order given.
ALTER TABLE titles ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
-- Grows with every change that somebody makes.
ALTER TABLE titles ADD COLUMN edition BIGINT NOT NULL DEFAULT 1;

-- The tags once more, for lists.
CREATE TABLE title_tags (
    title_id UUID NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,
    PRIMARY KEY (title_id, tag)
);
CREATE INDEX title_tags_by_tag ON title_tags (tag, title_id);
CREATE INDEX titles_by_state ON titles (state, id);

-- The words of a title, folded: lower case, without accents, separated by spaces.
CREATE TABLE title_words (
    title_id UUID PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    tags     TEXT NOT NULL,
    about    TEXT NOT NULL,
    words    TSVECTOR NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('simple'::regconfig, name), 'A') ||
        setweight(to_tsvector('simple'::regconfig, tags), 'B') ||
        setweight(to_tsvector('simple'::regconfig, about), 'C')
    ) STORED
);
CREATE INDEX title_words_index ON title_words USING GIN (words);
