-- API keys. The key itself is never stored: only its SHA-256 and the characters that it begins with, for display and
-- for finding the row.
CREATE TABLE api_keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    prefix       TEXT    NOT NULL,
    digest       BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- The one user that the key is for; NULL: for all users.
    username     TEXT,
    read_only    INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    description  TEXT,
    -- Milliseconds since 1970-01-01T00:00:00Z, as last_used_at and revoked_at.
    created_at   INTEGER NOT NULL,
    -- The last day on which the key works, YYYY-MM-DD; NULL: it does not expire.
    expires_on   TEXT,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
