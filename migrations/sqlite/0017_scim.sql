-- What the company's directory tells of people and groups over SCIM.

-- JSON: the parts of the name as the directory told them; null: it told none.
ALTER TABLE people ADD COLUMN names TEXT;
-- When the group or who is in it was changed last, milliseconds since the Unix epoch; 0: never.
ALTER TABLE person_groups ADD COLUMN updated_ms BIGINT NOT NULL DEFAULT 0;

-- A directory asks for each person and group before it makes one.
CREATE INDEX people_email ON people (LOWER(email));
CREATE INDEX people_source ON people (source, id);
CREATE INDEX person_groups_name ON person_groups (LOWER(name));
