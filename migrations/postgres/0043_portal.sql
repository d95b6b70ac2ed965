-- The portal: what people watch, save and like, what they ask for, and what the company switched off.

CREATE TABLE watch_progress (
    person_id  UUID NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    title_id   UUID NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    -- Where they are, milliseconds from the beginning.
    at_ms      BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (person_id, title_id)
);
CREATE INDEX watch_progress_newest ON watch_progress (person_id, updated_ms);

CREATE TABLE saved_titles (
    person_id UUID NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    title_id  UUID NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    saved_ms  BIGINT NOT NULL,
    PRIMARY KEY (person_id, title_id)
);

CREATE TABLE ratings (
    person_id UUID NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    title_id  UUID NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    rating    BIGINT NOT NULL CHECK (rating IN (1, -1)),
    rated_ms  BIGINT NOT NULL,
    PRIMARY KEY (person_id, title_id)
);
CREATE INDEX ratings_title ON ratings (title_id, rating);

CREATE TABLE access_requests (
    id          UUID PRIMARY KEY NOT NULL,
    title_id    UUID NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    person_id   UUID NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    note        TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('open', 'granted', 'denied')),
    created_ms  BIGINT NOT NULL,
    answered_by TEXT,
    answered_ms BIGINT,
    UNIQUE (title_id, person_id)
);
CREATE INDEX access_requests_state ON access_requests (state, id);
CREATE INDEX access_requests_person ON access_requests (person_id, state);

-- What is not here is as it is at first.
CREATE TABLE settings (
    name       TEXT   PRIMARY KEY NOT NULL,
    value      TEXT   NOT NULL,
    updated_by TEXT   NOT NULL,
    updated_ms BIGINT NOT NULL
);
