-- How videos are transcoded, by names that publishers choose from.

CREATE TABLE profiles (
    id               UUID   PRIMARY KEY NOT NULL,
    name             TEXT   NOT NULL,
    -- The name folded to lower case: two names that people take for one are one.
    folded           TEXT   NOT NULL UNIQUE,
    -- Lines of the tallest rendition.
    max_height       BIGINT NOT NULL,
    -- Percent of the bits that are usual for a size.
    bit_rate_percent BIGINT NOT NULL,
    -- Pictures a second, at most.
    max_frame_rate   BIGINT NOT NULL,
    -- Thousand bits a second of stereo sound.
    audio_kbit       BIGINT NOT NULL,
    -- 1: of titles whose publisher chose none.
    is_default       BIGINT NOT NULL CHECK (is_default IN (0, 1)),
    edition          BIGINT NOT NULL,
    updated_ms       BIGINT NOT NULL
);
CREATE UNIQUE INDEX profiles_one_default ON profiles (is_default) WHERE is_default = 1;

INSERT INTO profiles (id, name, folded, max_height, bit_rate_percent, max_frame_rate, audio_kbit, is_default, edition, updated_ms)
VALUES
    ('00000000-0000-7000-8000-000000000001', 'Standard', 'standard', 1080, 100, 60, 128, 1, 1, 0),
    ('00000000-0000-7000-8000-000000000002', 'Small offices', 'small offices', 720, 80, 30, 96, 0, 1, 0),
    ('00000000-0000-7000-8000-000000000003', 'Speech and slides', 'speech and slides', 1080, 50, 15, 96, 0, 1, 0),
    ('00000000-0000-7000-8000-000000000004', 'High', 'high', 1080, 160, 60, 192, 0, 1, 0);

-- What the publisher chose; null: the default of the moment when the title is made.
ALTER TABLE uploads ADD COLUMN profile UUID;
ALTER TABLE titles ADD COLUMN profile UUID;
-- JSON: the name and the numbers with which the published version was made.
ALTER TABLE titles ADD COLUMN made_with TEXT;
