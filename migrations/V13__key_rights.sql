-- Keys as before, with what each of them may do in place of one mark for read-only keys, where it may be used from, and
-- which other keys it has to do with.
CREATE TABLE api_keys_with_rights (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    prefix         TEXT    NOT NULL,
    digest         BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- The one user that the key is for; NULL: for all users.
    username       TEXT,
    -- The names of the scopes that it holds, with commas between them.
    scopes         TEXT    NOT NULL,
    -- The networks from which it may be used (192.0.2.0/24), with commas between them; NULL: from anywhere.
    networks       TEXT,
    description    TEXT,
    -- Milliseconds since 1970-01-01T00:00:00Z, as ends_at, last_used_at and revoked_at.
    created_at     INTEGER NOT NULL,
    -- The last day on which the key works, YYYY-MM-DD; NULL: there is none.
    expires_on     TEXT,
    -- The moment from which the key no longer works, because another took its place; NULL: there is none.
    ends_at        INTEGER,
    -- The key that was made in this one's place; NULL: none was.
    successor_id   INTEGER REFERENCES api_keys (id),
    -- The first key of those that took each other's place, up to this one; NULL: this one is the first.
    first_id       INTEGER REFERENCES api_keys (id),
    -- The key that this one was made with, and without which it does not work: its number; 0: the configured key. NULL: it
    -- was made by a command on the machine itself, or before this column came.
    made_with      INTEGER,
    last_used_at   INTEGER,
    -- The client's address at that use.
    last_used_from TEXT,
    revoked_at     INTEGER
) STRICT;

INSERT INTO api_keys_with_rights
       (id, prefix, digest, username, scopes, description, created_at, expires_on, last_used_at, revoked_at)
SELECT id, prefix, digest, username,
       iif(read_only, 'events:read,export,metrics',
           'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics'),
       description, created_at, expires_on, last_used_at, revoked_at
FROM api_keys ORDER BY id;

DROP TABLE api_keys;
ALTER TABLE api_keys_with_rights RENAME TO api_keys;
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
