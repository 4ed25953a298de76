PRAGMA application_id = 1935896434;
BEGIN;
PRAGMA defer_foreign_keys = on;
CREATE TABLE refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
CREATE TABLE event_revisions (
    event_id    INTEGER NOT NULL,
    -- 1 for the creation, then counting up.
    revision    INTEGER NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    at          INTEGER NOT NULL,
    -- The acting username.
    by          TEXT    NOT NULL,
    action      TEXT    NOT NULL CHECK (action IN ('create', 'update', 'delete')),
    points      INTEGER NOT NULL,
    description TEXT,
    PRIMARY KEY (event_id, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_repairs (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;
CREATE TABLE recalculations (
    id           INTEGER PRIMARY KEY,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    requested_at INTEGER NOT NULL,
    requested_by TEXT    NOT NULL,
    from_date    TEXT    NOT NULL,
    finished_at  INTEGER
) STRICT;
CREATE TABLE users (
    id              INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 2147483647),
    username        TEXT    NOT NULL,
    -- The username in lower case: no two users share it.
    folded          TEXT    NOT NULL UNIQUE,
    name            TEXT,
    -- A URL or path with {size} in it; NULL: the picture that the server draws.
    avatar_template TEXT,
    -- 1: keeps the points, is in no leaderboard.
    suspended       INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1))
) STRICT;
CREATE TABLE groups (
    id   INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND 2147483647),
    name TEXT    NOT NULL
) STRICT;
CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE leaderboards (
    id                     INTEGER PRIMARY KEY AUTOINCREMENT,
    name                   TEXT    NOT NULL,
    -- The name in lower case: no two boards share it.
    folded                 TEXT    NOT NULL UNIQUE,
    created_by_id          INTEGER NOT NULL,
    -- Only scores of these days count, YYYY-MM-DD, both included; NULL: no end on that side.
    from_date              TEXT,
    to_date                TEXT,
    -- Empty: visible to all.
    visible_to_groups_ids  TEXT    NOT NULL DEFAULT '[]',
    -- Empty: everyone is ranked.
    included_groups_ids    TEXT    NOT NULL DEFAULT '[]',
    excluded_groups_ids    TEXT    NOT NULL DEFAULT '[]',
    -- 0 to 5: all_time, yearly, quarterly, monthly, weekly, daily.
    default_period         INTEGER NOT NULL DEFAULT 0 CHECK (default_period BETWEEN 0 AND 5),
    -- 1: only the default period is served.
    period_filter_disabled INTEGER NOT NULL DEFAULT 0 CHECK (period_filter_disabled IN (0, 1)),
    -- Milliseconds since 1970-01-01T00:00:00Z.
    updated_at             INTEGER NOT NULL
) STRICT;
CREATE TABLE "scores" (
    -- The year and month, YYYYMM.
    month   INTEGER NOT NULL CHECK (month BETWEEN 101 AND 999912),
    user_id INTEGER NOT NULL CHECK (user_id BETWEEN 1 AND 2147483647),
    -- The day of the month.
    day     INTEGER NOT NULL CHECK (day BETWEEN 1 AND 31),
    -- As before: whole numbers which every JSON reader can hold, and which can be added without overflow.
    score   INTEGER NOT NULL CHECK (score BETWEEN -9007199254740992 AND 9007199254740992),
    -- How many events the score sums.
    events  INTEGER NOT NULL CHECK (events BETWEEN -9007199254740992 AND 9007199254740992),
    -- The day as it is written elsewhere, YYYY-MM-DD, for whoever reads the file in a SQL shell. Not stored.
    date    TEXT    NOT NULL AS (printf('%04d-%02d-%02d', month / 100, month % 100, day))
            CHECK (date IS date(date)),
    PRIMARY KEY (month, user_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE "score_events" (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL CHECK (user_id BETWEEN 1 AND 2147483647),
    -- The day the points are for, YYYY-MM-DD, existing in the calendar.
    date        TEXT    NOT NULL CHECK (date IS date(date) AND date BETWEEN '0001-01-01' AND '9999-12-31'),
    points      INTEGER NOT NULL CHECK (points BETWEEN -2147483648 AND 2147483647),
    description TEXT    CHECK (length(description) <= 10000),
    -- Milliseconds since 1970-01-01T00:00:00Z.
    created_at  INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)),
    updated_at  INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)),
    -- The acting username that created the event.
    created_by  TEXT    NOT NULL DEFAULT 'sql'
, key_id INTEGER) STRICT;
CREATE TABLE forgotten_suspended_users (
    user_id INTEGER PRIMARY KEY CHECK (user_id BETWEEN 1 AND 2147483647)
) STRICT;
CREATE TABLE "idempotency_keys" (
    -- The acting username in lower case.
    actor       TEXT    NOT NULL,
    -- The Idempotency-Key.
    key         TEXT    NOT NULL,
    -- The API key: its number in api_keys (for a key that took another one's place, the number of the first); 0 for the
    -- configured key, whichever it is; -2 for a command on the machine itself. -1: an answer kept before this column came,
    -- which is any key's.
    key_id      INTEGER NOT NULL,
    -- SHA-256 of the path and the parameters.
    fingerprint BLOB    NOT NULL,
    -- What was decided, as JSON.
    outcome     TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (actor, key, key_id)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE "api_keys" (
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
CREATE TABLE imported_events (
    import_id INTEGER NOT NULL REFERENCES imports (id),
    first_id  INTEGER NOT NULL,
    last_id   INTEGER NOT NULL,
    PRIMARY KEY (import_id, first_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE imported_keys (
    key      TEXT    PRIMARY KEY,
    event_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE id_floor (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL
) STRICT;
CREATE TABLE rules (
    name         TEXT    PRIMARY KEY,
    points       INTEGER NOT NULL CHECK (points BETWEEN -2147483648 AND 2147483647),
    enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    -- How many of one user's deeds count on a day; NULL: all of them.
    daily_limit  INTEGER CHECK (daily_limit BETWEEN 0 AND 2147483647),
    -- Only deeds in these categories count: a JSON array of numbers. Empty: those of all do.
    category_ids TEXT    NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;
CREATE TABLE deeds (
    -- The place that tells of it, such as discourse.
    source      TEXT    NOT NULL,
    -- What distinguishes the deed from all others of that source, such as post_created:123.
    key         TEXT    NOT NULL,
    -- The rule that counts it.
    rule        TEXT    NOT NULL REFERENCES rules (name),
    -- 0: it is taken back.
    is_there    INTEGER NOT NULL CHECK (is_there IN (0, 1)),
    -- Whose deed it is, and the day for which it counts, YYYY-MM-DD; NULL: only its taking back was told so far.
    user_id     INTEGER CHECK (user_id BETWEEN 1 AND 2147483647),
    date        TEXT,
    -- The event that gives points for it; NULL: none does.
    event_id    INTEGER CHECK (event_id IS NULL OR is_there),
    -- What its event gave before it was taken back. If it is restored, it gives the same again. NULL: nothing.
    points      INTEGER CHECK (points IS NULL OR NOT is_there),
    description TEXT,
    -- When the thing had last been changed, by the newest that was told: milliseconds since 1970-01-01T00:00:00Z. NULL:
    -- nobody has said.
    updated_at  INTEGER,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE rule_days (
    rule    TEXT    NOT NULL REFERENCES rules (name),
    date    TEXT    NOT NULL,
    counted INTEGER NOT NULL,
    PRIMARY KEY (rule, date)
) STRICT, WITHOUT ROWID;
CREATE TABLE webhook_secrets (
    source  TEXT    PRIMARY KEY,
    secret  TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE deliveries (
    id      INTEGER PRIMARY KEY,
    source  TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    at      INTEGER NOT NULL,
    -- What it was about, by the source's own name for it; empty: it did not say.
    event   TEXT    NOT NULL,
    -- What became of it, in words for people.
    outcome TEXT    NOT NULL
) STRICT;
CREATE TABLE user_events (
    -- The block: id >> 18.
    block       INTEGER NOT NULL CHECK (block = id >> 18),
    user_id     INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    date        TEXT    NOT NULL,
    points      INTEGER NOT NULL,
    description TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (block, user_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE user_events_state (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    -- Every event of a block below this one is in user_events. An event of this block or of a later one is there only if
    -- its id was not the greatest ever when it was stored, or if it was given to another user since.
    written_below INTEGER NOT NULL CHECK (written_below >= 0),
    -- How often an id was made free that may be given to an event again. Whoever remembers which ids are whose forgets it
    -- then.
    ids_freed     INTEGER NOT NULL
) STRICT;
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 1, 1796056888812, 'system', 'create', -6, NULL);
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 2, 1796056889095, 'system', 'update', 25, 'set right');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 3, 1796056889103, 'system', 'update', 26, 'set right');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (3, 1, 1796056888819, 'system', 'create', 1, 'It''s “Ünïcode”, a ''quote''
and a second line');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (3, 2, 1796056889107, 'system', 'delete', 1, 'It''s “Ünïcode”, a ''quote''
and a second line');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (34, 1, 1796056889348, 'system', 'create', 1, 'the last, deleted');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (34, 2, 1796056889351, 'system', 'delete', 1, 'the last, deleted');
INSERT INTO rollup_repairs (id, count) VALUES (1, 1);
INSERT INTO recalculations (id, requested_at, requested_by, from_date, finished_at) VALUES (1, 1796056889200, 'system', '2026-11-20', 1796056889210);
INSERT INTO users (id, username, folded, name, avatar_template, suspended) VALUES (13, 'ann', 'ann', 'Ann Example', '/pictures/{size}.png', 0);
INSERT INTO users (id, username, folded, name, avatar_template, suspended) VALUES (14, 'Bob', 'bob', NULL, NULL, 1);
INSERT INTO groups (id, name) VALUES (10, 'staff');
INSERT INTO group_members (group_id, user_id) VALUES (10, 13);
INSERT INTO group_members (group_id, user_id) VALUES (10, 14);
INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids, excluded_groups_ids, default_period, period_filter_disabled, updated_at) VALUES (1, 'Global Leaderboard', 'global leaderboard', -1, NULL, NULL, '[]', '[]', '[]', 0, 0, 1796056888257);
INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids, excluded_groups_ids, default_period, period_filter_disabled, updated_at) VALUES (2, 'Spring', 'spring', 13, '2023-03-01', '2023-05-31', '[]', '[]', '[]', 0, 0, 1796056889183);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202301, 15, 28, 169, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202301, 16, 10, 43, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202301, 16, 19, 106, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202302, 13, 11, 50, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202302, 16, 1, 176, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202302, 16, 20, 113, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 13, 21, 120, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 14, 12, 57, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 15, 3, 26, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 16, 2, 183, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 13, 14, 15, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 13, 3, 190, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 14, 22, 127, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 15, 13, 64, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 13, 2, -20, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 15, 23, 134, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 16, 14, 71, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 16, 5, 8, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 13, 1, 5, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 13, 6, 15, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 16, 15, 78, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 16, 24, 141, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202307, 13, 16, 85, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202307, 14, 7, 22, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202307, 16, 25, 148, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202308, 13, 26, 155, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202308, 14, 17, 92, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202308, 15, 8, 29, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202309, 14, 27, 162, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202309, 15, 18, 99, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202309, 16, 9, 36, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202603, 13, 5, 2, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (299912, 13, 31, -3, 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (1, 13, '2023-04-14', 15, 'Karaoke night', 1796056888806, 1796056888806, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (2, 15, '2023-03-03', 26, 'set right', 1796056888812, 1796056889103, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (4, 16, '2023-05-05', 8, NULL, 1796056888827, 1796056888827, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (5, 13, '2023-06-06', 15, NULL, 1796056888835, 1796056888835, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (6, 14, '2023-07-07', 22, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888843, 1796056888843, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (7, 15, '2023-08-08', 29, NULL, 1796056888855, 1796056888855, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (8, 16, '2023-09-09', 36, NULL, 1796056888861, 1796056888861, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (9, 16, '2023-01-10', 43, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888869, 1796056888869, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (10, 13, '2023-02-11', 50, NULL, 1796056888883, 1796056888883, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (11, 14, '2023-03-12', 57, NULL, 1796056888891, 1796056888891, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (12, 15, '2023-04-13', 64, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888897, 1796056888897, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (13, 16, '2023-05-14', 71, NULL, 1796056888907, 1796056888907, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (14, 16, '2023-06-15', 78, NULL, 1796056888915, 1796056888915, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (15, 13, '2023-07-16', 85, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888923, 1796056888923, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (16, 14, '2023-08-17', 92, NULL, 1796056888935, 1796056888935, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (17, 15, '2023-09-18', 99, NULL, 1796056888941, 1796056888941, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (18, 16, '2023-01-19', 106, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888955, 1796056888955, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (19, 16, '2023-02-20', 113, NULL, 1796056888961, 1796056888961, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (20, 13, '2023-03-21', 120, NULL, 1796056888963, 1796056888963, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (21, 14, '2023-04-22', 127, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888975, 1796056888975, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (22, 15, '2023-05-23', 134, NULL, 1796056888987, 1796056888987, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (23, 16, '2023-06-24', 141, NULL, 1796056888995, 1796056888995, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (24, 16, '2023-07-25', 148, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056889004, 1796056889004, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (25, 13, '2023-08-26', 155, NULL, 1796056889015, 1796056889015, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (26, 14, '2023-09-27', 162, NULL, 1796056889023, 1796056889023, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (27, 15, '2023-01-28', 169, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056889039, 1796056889039, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (28, 16, '2023-02-01', 176, NULL, 1796056889045, 1796056889045, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (29, 16, '2023-03-02', 183, NULL, 1796056889048, 1796056889048, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (30, 13, '2023-04-03', 190, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056889055, 1796056889055, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (31, 13, '2023-05-02', -20, 'A mug', 1796056889071, 1796056889071, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (32, 13, '2999-12-31', -3, 'in the future', 1796056889083, 1796056889083, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (33, 13, '2023-06-01', 5, 'imported', 1796056889299, 1796056889299, 'import', NULL);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (35, 13, '2026-03-05', 2, 'post_created: /t/karaoke-night/7/3', 1796056889367, 1796056889367, 'discourse', NULL);
INSERT INTO forgotten_suspended_users (user_id) VALUES (15);
INSERT INTO idempotency_keys (actor, key, key_id, fingerprint, outcome, created_at) VALUES ('system', 'order-1071', 1, X'7426894C7032F49A9830679C38EBBA34D930870FDB08BB3A0D6053401D64634C', '{"stored":{"id":31,"user_id":13,"date":"2023-05-02","points":-20,"description":"A mug","created_at":"2026-11-30T16:41:29.071Z","updated_at":"2026-11-30T16:41:29.071Z"}}', 1796056889071);
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (1, 1796056888367, 'system', NULL, NULL, 'key.create', 'key 1', NULL, 'begins "sk_uvQJU", for all users, description "for all", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (2, 1796056888463, 'system', NULL, NULL, 'key.create', 'key 2', NULL, 'begins "sk_rLK4M", for all users, description "to read", scopes events:read,export,metrics, expires 9999-12-31');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (3, 1796056888518, 'system', NULL, NULL, 'key.create', 'key 3', NULL, 'begins "sk_3oZFs", for "ann", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (4, 1796056888590, 'system', NULL, NULL, 'key.revoke', 'key 3', 'begins "sk_3oZFs", for "ann", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL);
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (5, 1796056888662, 'system', NULL, NULL, 'key.create', 'key 4', NULL, 'begins "sk_AOo0B", for all users, description "renewed", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (6, 1796056888718, 'system', NULL, NULL, 'key.rotate', 'key 4', 'begins "sk_AOo0B", for all users, description "renewed", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', 'ends 2026-12-01T16:41:28.718Z, replaced by key 5, begins "sk_XlxLW"');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (7, 1796056889115, 'system', NULL, '127.0.0.1', 'user.create', 'user 13', NULL, 'username "ann", name "Ann Example", picture "/pictures/{size}.png", suspended no');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (8, 1796056889128, 'system', NULL, '127.0.0.1', 'user.create', 'user 14', NULL, 'username "Bob", suspended yes');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (9, 1796056889136, 'system', NULL, '127.0.0.1', 'user.create', 'user 15', NULL, 'username "carol", suspended yes');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (10, 1796056889146, 'system', NULL, '127.0.0.1', 'user.delete', 'user 15', 'username "carol", suspended yes', NULL);
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (11, 1796056889153, 'system', NULL, '127.0.0.1', 'user.merge', 'user 17', 'user 17, without a name', 'merged into user 16, without a name');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (12, 1796056889171, 'system', NULL, '127.0.0.1', 'group.create', 'group 10', NULL, 'name "staff", 2 members: 13 14');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (13, 1796056889183, 'system', NULL, '127.0.0.1', 'board.create', 'board 2', NULL, 'name "Spring", first day 2023-03-01, last day 2023-05-31, period all_time');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (14, 1796056889200, 'system', NULL, '127.0.0.1', 'recalculation.start', 'scores', NULL, 'from 2026-11-20');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (15, 1796056889223, 'system', NULL, '127.0.0.1', 'rule.update', 'rule post_created', 'counts yes, no daily limit, no categories', 'counts no, daily limit 3, categories 4 9');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (16, 1796056889260, 'ana', NULL, '127.0.0.1', 'webhook.secret', 'webhook discourse', NULL, 'a secret');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (17, 1796056889355, 'system', NULL, '127.0.0.1', 'rule.update', 'rule post_created', 'counts no, categories 4 9', 'counts yes, no categories');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (18, 1796056889375, 'system', NULL, '127.0.0.1', 'rule.update', 'rule post_created', 'counts yes, no categories', 'counts no, categories 4 9');
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (1, 'layouts:', X'C23E66AF8FFAB8661481364BA5438A20AD55187D12728C233E826740EB6B7F28', NULL, 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, 'for all', 1796056888367, NULL, NULL, NULL, NULL, NULL, 1796056888800, '127.0.0.1', NULL);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (2, 'layouts:', X'9D6463252C9CAEADF19B43E55A4E0116D106F9CEA08598C31A85525655D1DDE7', NULL, 'events:read,export,metrics', NULL, 'to read', 1796056888463, '9999-12-31', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (3, 'layouts:', X'5D5A0E0DB7DA59B943D5029563108681F94DA964B61CDBF5EDAE0A07AFB222E6', 'ann', 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, NULL, 1796056888518, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1796056888590);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (4, 'sk_AOo0B', X'57B8A402A5417DA1FFA3BE115592AFB3FEB332B769B432B90FD5C7FF38E4A9AE', NULL, 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, 'renewed', 1796056888662, NULL, 1796143288718, 5, NULL, NULL, NULL, NULL, NULL);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (5, 'sk_XlxLW', X'ED8042DD14B82B28C363758A4AD5DDA2CBEF377FBA26D7D6FB91D263F1882E73', NULL, 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, 'renewed', 1796056888718, NULL, NULL, NULL, 4, NULL, NULL, NULL, NULL);
INSERT INTO imports (id, digest, name, by, began_at, ended_at, undo_began_at, undone_at, records, events) VALUES (1, X'790F820D1F2266739C6B0C98E1B67734425AE4C4DD9FCC2A8AA906513BF3588D', 'rows.csv', 'import', 1796056889285, 1796056889302, NULL, NULL, 1, 1);
INSERT INTO imported_events (import_id, first_id, last_id) VALUES (1, 33, 33);
INSERT INTO imported_keys (key, event_id) VALUES ('row-1', 33);
INSERT INTO id_floor (id, event_id) VALUES (1, 0);
INSERT INTO rules (name, points, enabled, daily_limit, category_ids) VALUES ('chat_message_created', 1, 1, NULL, '[]');
INSERT INTO rules (name, points, enabled, daily_limit, category_ids) VALUES ('like_given', 1, 1, NULL, '[]');
INSERT INTO rules (name, points, enabled, daily_limit, category_ids) VALUES ('like_received', 1, 1, NULL, '[]');
INSERT INTO rules (name, points, enabled, daily_limit, category_ids) VALUES ('post_created', 2, 0, 3, '[4,9]');
INSERT INTO rules (name, points, enabled, daily_limit, category_ids) VALUES ('solution', 10, 1, NULL, '[]');
INSERT INTO rules (name, points, enabled, daily_limit, category_ids) VALUES ('topic_created', 5, 1, NULL, '[]');
INSERT INTO deeds (source, key, rule, is_there, user_id, date, event_id, points, description, updated_at) VALUES ('discourse', 'post_created:123', 'post_created', 1, 13, '2026-03-05', NULL, NULL, NULL, 1772704800000);
INSERT INTO deeds (source, key, rule, is_there, user_id, date, event_id, points, description, updated_at) VALUES ('discourse', 'post_created:124', 'post_created', 0, NULL, NULL, NULL, NULL, NULL, 1772704800000);
INSERT INTO deeds (source, key, rule, is_there, user_id, date, event_id, points, description, updated_at) VALUES ('discourse', 'post_created:125', 'post_created', 1, 13, '2026-03-05', 35, NULL, NULL, 1772704800000);
INSERT INTO rule_days (rule, date, counted) VALUES ('post_created', '2026-03-05', 1);
INSERT INTO webhook_secrets (source, secret, made_at) VALUES ('discourse', '96b1556d76a318b3ed5b7e79fe0d2deae914a7298dabd1d55b4e009fa035d675', 1796056889260);
INSERT INTO deliveries (id, source, at, event, outcome) VALUES (1, 'discourse', 1796056889237, 'post_created', 'post_created:123: not counted, the rule is off');
INSERT INTO deliveries (id, source, at, event, outcome) VALUES (2, 'discourse', 1796056889248, 'post_destroyed', 'post_created:124: taken back');
INSERT INTO deliveries (id, source, at, event, outcome) VALUES (3, 'discourse', 1796056889367, 'post_created', 'post_created:125: counted');
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at) VALUES (0, 16, 14, '2023-06-15', 78, NULL, 1796056888915, 1796056888915);
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at) VALUES (0, 16, 19, '2023-02-20', 113, NULL, 1796056888961, 1796056888961);
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at) VALUES (0, 16, 24, '2023-07-25', 148, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056889004, 1796056889004);
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at) VALUES (0, 16, 29, '2023-03-02', 183, NULL, 1796056889048, 1796056889048);
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at) VALUES (0, 16, 4, '2023-05-05', 8, NULL, 1796056888827, 1796056888827);
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at) VALUES (0, 16, 9, '2023-01-10', 43, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796056888869, 1796056888869);
INSERT INTO user_events_state (one, written_below, ids_freed) VALUES (1, 0, 0);
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (1, 'score_events', '2026-11-30T16:41:28.256349128Z', '12652150474972862693');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (2, 'scores', '2026-11-30T16:41:28.256365501Z', '18075835468139919318');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (3, 'api_keys', '2026-11-30T16:41:28.25636895Z', '15110640087105266778');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (4, 'idempotency_keys', '2026-11-30T16:41:28.256370538Z', '8900305010021168763');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (5, 'directory', '2026-11-30T16:41:28.2563711Z', '8456234142940984592');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (6, 'leaderboards', '2026-11-30T16:41:28.256372514Z', '18296432637820006610');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (7, 'covering_date_index', '2026-11-30T16:41:28.256373114Z', '15345657408678845610');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (8, 'local_pages', '2026-11-30T16:41:28.256373648Z', '11392688296167070212');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9, 'forgotten_suspended_users', '2026-11-30T16:41:28.256374993Z', '3771768962829045675');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (10, 'idempotency_by_key', '2026-11-30T16:41:28.256376103Z', '935316452244093698');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (11, 'revisions_by_actor', '2026-11-30T16:41:28.256376956Z', '16931684432646636174');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (12, 'audit', '2026-11-30T16:41:28.256377308Z', '1713303276144039991');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (13, 'key_rights', '2026-11-30T16:41:28.256541237Z', '841813726415741349');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (14, 'imports', '2026-11-30T16:41:28.256543409Z', '10696271039386562966');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (15, 'id_floor', '2026-11-30T16:41:28.256543974Z', '9415914829817201787');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (16, 'rules', '2026-11-30T16:41:28.256544326Z', '13902300625046800963');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (17, 'user_blocks', '2026-11-30T16:41:28.256545366Z', '5155767097711636240');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq) VALUES ('api_keys', 5);
INSERT INTO sqlite_sequence (name, seq) VALUES ('audit_entries', 18);
INSERT INTO sqlite_sequence (name, seq) VALUES ('leaderboards', 2);
CREATE INDEX recalculations_by_time ON recalculations (requested_at);
CREATE INDEX group_members_by_user ON group_members (user_id);
CREATE INDEX score_events_by_date ON score_events (date, id, user_id, points);
CREATE INDEX score_events_deductions ON score_events (user_id, date) WHERE points < 0;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX event_revisions_by_actor ON event_revisions (event_id, by);
CREATE INDEX audit_entries_by_kind ON audit_entries (kind, id);
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX imports_by_digest ON imports (digest);
CREATE INDEX imported_keys_by_event ON imported_keys (event_id);
CREATE INDEX deeds_counted ON deeds (date, rule, user_id) WHERE event_id IS NOT NULL;
CREATE TRIGGER user_events_insert AFTER INSERT ON score_events
WHEN new.id < (SELECT max(id) FROM score_events)
    OR new.id <= (SELECT max(event_id) FROM event_revisions)
    OR new.id >> 18 < (SELECT written_below FROM user_events_state WHERE one = 1)
BEGIN
    DELETE FROM user_events WHERE block = new.id >> 18 AND user_id = new.user_id AND id = new.id;
    INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
    VALUES (new.id >> 18, new.user_id, new.id, new.date, new.points, new.description, new.created_at, new.updated_at);
END;
CREATE TRIGGER user_events_update AFTER UPDATE OF date, points, description, created_at, updated_at ON score_events
BEGIN
    UPDATE user_events
    SET date = new.date, points = new.points, description = new.description, created_at = new.created_at,
        updated_at = new.updated_at
    WHERE block = new.id >> 18 AND user_id = new.user_id AND id = new.id;
END;
CREATE TRIGGER user_events_move AFTER UPDATE OF id, user_id ON score_events
WHEN old.id <> new.id OR old.user_id <> new.user_id
BEGIN
    DELETE FROM user_events WHERE block = old.id >> 18 AND user_id = old.user_id AND id = old.id;
    DELETE FROM user_events WHERE block = new.id >> 18 AND user_id = new.user_id AND id = new.id;
    INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
    VALUES (new.id >> 18, new.user_id, new.id, new.date, new.points, new.description, new.created_at, new.updated_at);
END;
CREATE TRIGGER user_events_delete AFTER DELETE ON score_events
BEGIN
    DELETE FROM user_events WHERE block = old.id >> 18 AND user_id = old.user_id AND id = old.id;
END;
CREATE TRIGGER user_events_renumber AFTER UPDATE OF id ON score_events
WHEN old.id <> new.id
BEGIN
    UPDATE user_events_state SET ids_freed = ids_freed + 1 WHERE one = 1;
END;
CREATE TRIGGER user_events_free AFTER DELETE ON score_events
WHEN NOT EXISTS (SELECT 1 FROM score_events WHERE id > old.id)
    AND NOT EXISTS (SELECT 1 FROM event_revisions WHERE event_id >= old.id)
BEGIN
    UPDATE user_events_state SET ids_freed = ids_freed + 1 WHERE one = 1;
END;
COMMIT;
