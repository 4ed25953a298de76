-- The log of administration: who changed keys, leaderboards, users and groups, and who had scores rebuilt. A row is written in
-- the transaction that makes the change, and nothing changes it. Rows are removed when they are 400 days old.
-- AUTOINCREMENT: an id is never given again, also when all rows are old.
CREATE TABLE audit_entries (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    at      INTEGER NOT NULL,
    -- The acting username.
    by      TEXT    NOT NULL,
    -- The API key's number in api_keys; NULL: the configured key, or a command on the machine itself.
    key_id  INTEGER,
    -- The client's address; NULL: a command on the machine itself.
    address TEXT,
    -- What was done, as in key.create.
    action  TEXT    NOT NULL CHECK (instr(action, '.') > 1),
    -- What kind of thing it was done to: the word before the dot.
    kind    TEXT    NOT NULL AS (substr(action, 1, instr(action, '.') - 1)),
    -- What it was done to, as in key 3.
    subject TEXT    NOT NULL,
    -- What was changed, in one line each; NULL: there was nothing before, or there is nothing after. Never a secret.
    before  TEXT,
    after   TEXT
) STRICT;

-- The entries of one kind by id.
CREATE INDEX audit_entries_by_kind ON audit_entries (kind, id);

-- The API key with which an event was stored, by its number in api_keys; NULL: the configured key, a command on the machine
-- itself, or an event that was stored before this column came.
ALTER TABLE score_events ADD COLUMN key_id INTEGER;
