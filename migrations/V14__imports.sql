-- What was imported from files: so that a file is not imported twice, goes on where it was broken off, and can be taken back.
CREATE TABLE imports (
    id            INTEGER PRIMARY KEY,
    -- SHA-256 of the bytes of the file.
    digest        BLOB    NOT NULL CHECK (length(digest) = 32),
    -- What the file was called.
    name          TEXT    NOT NULL,
    -- The acting username.
    by            TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z, as the three below.
    began_at      INTEGER NOT NULL,
    -- NULL: it was broken off, or is under way.
    ended_at      INTEGER,
    -- NULL: nobody has begun to take it back.
    undo_began_at INTEGER,
    -- NULL: it is not taken back, or not wholly.
    undone_at     INTEGER,
    -- How many records of the file are dealt with, from its beginning.
    records       INTEGER NOT NULL DEFAULT 0,
    -- How many events were stored.
    events        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX imports_by_digest ON imports (digest);

-- Which events were stored by an import and are not taken back: ranges of ids, both ends included. Only events of that import
-- have had these ids.
CREATE TABLE imported_events (
    import_id INTEGER NOT NULL REFERENCES imports (id),
    first_id  INTEGER NOT NULL,
    last_id   INTEGER NOT NULL,
    PRIMARY KEY (import_id, first_id)
) STRICT, WITHOUT ROWID;

-- The keys of imported lines that had one: a line with the same key is passed over.
CREATE TABLE imported_keys (
    key      TEXT    PRIMARY KEY,
    event_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX imported_keys_by_event ON imported_keys (event_id);
