-- How the pages look: one row.

CREATE TABLE branding (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    -- Of the organisation; empty: the pages say what they are.
    name       TEXT    NOT NULL,
    -- `#rrggbb`; empty: as the pages are drawn.
    accent     TEXT    NOT NULL,
    logo       BLOB,
    -- `png` or `webp`.
    logo_kind  TEXT,
    -- SHA-256 of the logo, in hex: a part of its address.
    logo_hash  TEXT,
    edition    BIGINT  NOT NULL,
    updated_ms BIGINT  NOT NULL
);
INSERT INTO branding (id, name, accent, edition, updated_ms) VALUES (1, '', '', 1, 0);
