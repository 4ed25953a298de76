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
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 1, 1796052794963, 'system', 'create', -6, NULL);
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 2, 1796052796003, 'system', 'update', 25, 'set right');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 3, 1796052796046, 'system', 'update', 26, 'set right');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (3, 1, 1796052794993, 'system', 'create', 1, 'It''s “Ünïcode”, a ''quote''
and a second line');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (3, 2, 1796052796097, 'system', 'delete', 1, 'It''s “Ünïcode”, a ''quote''
and a second line');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (34, 1, 1796052796955, 'system', 'create', 1, 'the last, deleted');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (34, 2, 1796052796991, 'system', 'delete', 1, 'the last, deleted');
INSERT INTO rollup_repairs (id, count) VALUES (1, 0);
INSERT INTO recalculations (id, requested_at, requested_by, from_date, finished_at) VALUES (1, 1796052796488, 'system', '2026-11-20', 1796052796517);
INSERT INTO users (id, username, folded, name, avatar_template, suspended) VALUES (13, 'ann', 'ann', 'Ann Example', '/pictures/{size}.png', 0);
INSERT INTO users (id, username, folded, name, avatar_template, suspended) VALUES (14, 'Bob', 'bob', NULL, NULL, 1);
INSERT INTO groups (id, name) VALUES (10, 'staff');
INSERT INTO group_members (group_id, user_id) VALUES (10, 13);
INSERT INTO group_members (group_id, user_id) VALUES (10, 14);
INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids, excluded_groups_ids, default_period, period_filter_disabled, updated_at) VALUES (1, 'Global Leaderboard', 'global leaderboard', -1, NULL, NULL, '[]', '[]', '[]', 0, 0, 1796052793655);
INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids, excluded_groups_ids, default_period, period_filter_disabled, updated_at) VALUES (2, 'Spring', 'spring', 13, '2023-03-01', '2023-05-31', '[]', '[]', '[]', 0, 0, 1796052796394);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202301, 15, 28, 169, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202301, 16, 19, 106, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202301, 17, 10, 43, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202302, 13, 11, 50, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202302, 16, 1, 176, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202302, 17, 20, 113, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 13, 21, 120, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 14, 12, 57, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 15, 3, 26, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202303, 17, 2, 183, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 13, 14, 15, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 13, 3, 190, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 14, 22, 127, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202304, 15, 13, 64, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 13, 2, -20, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 15, 23, 134, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 16, 14, 71, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202305, 17, 5, 8, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 13, 1, 5, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 13, 6, 15, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 16, 24, 141, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202306, 17, 15, 78, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202307, 13, 16, 85, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202307, 14, 7, 22, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202307, 17, 25, 148, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202308, 13, 26, 155, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202308, 14, 17, 92, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202308, 15, 8, 29, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202309, 14, 27, 162, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202309, 15, 18, 99, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (202309, 16, 9, 36, 1);
INSERT INTO scores (month, user_id, day, score, events) VALUES (299912, 13, 31, -3, 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (1, 13, '2023-04-14', 15, 'Karaoke night', 1796052794950, 1796052794950, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (2, 15, '2023-03-03', 26, 'set right', 1796052794963, 1796052796046, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (4, 17, '2023-05-05', 8, NULL, 1796052795066, 1796052795066, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (5, 13, '2023-06-06', 15, NULL, 1796052795131, 1796052795131, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (6, 14, '2023-07-07', 22, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795164, 1796052795164, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (7, 15, '2023-08-08', 29, NULL, 1796052795191, 1796052795191, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (8, 16, '2023-09-09', 36, NULL, 1796052795214, 1796052795214, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (9, 17, '2023-01-10', 43, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795281, 1796052795281, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (10, 13, '2023-02-11', 50, NULL, 1796052795308, 1796052795308, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (11, 14, '2023-03-12', 57, NULL, 1796052795372, 1796052795372, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (12, 15, '2023-04-13', 64, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795399, 1796052795399, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (13, 16, '2023-05-14', 71, NULL, 1796052795423, 1796052795423, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (14, 17, '2023-06-15', 78, NULL, 1796052795458, 1796052795458, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (15, 13, '2023-07-16', 85, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795477, 1796052795477, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (16, 14, '2023-08-17', 92, NULL, 1796052795501, 1796052795501, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (17, 15, '2023-09-18', 99, NULL, 1796052795539, 1796052795539, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (18, 16, '2023-01-19', 106, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795572, 1796052795572, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (19, 17, '2023-02-20', 113, NULL, 1796052795599, 1796052795599, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (20, 13, '2023-03-21', 120, NULL, 1796052795614, 1796052795614, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (21, 14, '2023-04-22', 127, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795657, 1796052795657, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (22, 15, '2023-05-23', 134, NULL, 1796052795686, 1796052795686, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (23, 16, '2023-06-24', 141, NULL, 1796052795706, 1796052795706, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (24, 17, '2023-07-25', 148, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795719, 1796052795719, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (25, 13, '2023-08-26', 155, NULL, 1796052795765, 1796052795765, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (26, 14, '2023-09-27', 162, NULL, 1796052795785, 1796052795785, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (27, 15, '2023-01-28', 169, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795829, 1796052795829, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (28, 16, '2023-02-01', 176, NULL, 1796052795854, 1796052795854, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (29, 17, '2023-03-02', 183, NULL, 1796052795874, 1796052795874, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (30, 13, '2023-04-03', 190, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796052795910, 1796052795910, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (31, 13, '2023-05-02', -20, 'A mug', 1796052795934, 1796052795934, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (32, 13, '2999-12-31', -3, 'in the future', 1796052795977, 1796052795977, 'system', 1);
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by, key_id) VALUES (33, 13, '2023-06-01', 5, 'imported', 1796052796821, 1796052796821, 'import', NULL);
INSERT INTO forgotten_suspended_users (user_id) VALUES (15);
INSERT INTO idempotency_keys (actor, key, key_id, fingerprint, outcome, created_at) VALUES ('system', 'order-1071', 1, X'7426894C7032F49A9830679C38EBBA34D930870FDB08BB3A0D6053401D64634C', '{"stored":{"id":31,"user_id":13,"date":"2023-05-02","points":-20,"description":"A mug","created_at":"2026-11-30T15:33:15.934Z","updated_at":"2026-11-30T15:33:15.934Z"}}', 1796052795934);
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (1, 1796052793944, 'system', NULL, NULL, 'key.create', 'key 1', NULL, 'begins "sk_QbFCd", for all users, description "for all", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (2, 1796052794167, 'system', NULL, NULL, 'key.create', 'key 2', NULL, 'begins "sk_efroU", for all users, description "to read", scopes events:read,export,metrics, expires 9999-12-31');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (3, 1796052794406, 'system', NULL, NULL, 'key.create', 'key 3', NULL, 'begins "sk_qsNrS", for "ann", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (4, 1796052794513, 'system', NULL, NULL, 'key.revoke', 'key 3', 'begins "sk_qsNrS", for "ann", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL);
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (5, 1796052794661, 'system', NULL, NULL, 'key.create', 'key 4', NULL, 'begins "sk_NVKIl", for all users, description "renewed", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (6, 1796052794787, 'system', NULL, NULL, 'key.rotate', 'key 4', 'begins "sk_NVKIl", for all users, description "renewed", scopes events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', 'ends 2026-12-01T15:33:14.787Z, replaced by key 5, begins "sk_8Vmu6"');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (7, 1796052796130, 'system', NULL, '127.0.0.1', 'user.create', 'user 13', NULL, 'username "ann", name "Ann Example", picture "/pictures/{size}.png", suspended no');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (8, 1796052796165, 'system', NULL, '127.0.0.1', 'user.create', 'user 14', NULL, 'username "Bob", suspended yes');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (9, 1796052796246, 'system', NULL, '127.0.0.1', 'user.create', 'user 15', NULL, 'username "carol", suspended yes');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (10, 1796052796283, 'system', NULL, '127.0.0.1', 'user.delete', 'user 15', 'username "carol", suspended yes', NULL);
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (11, 1796052796344, 'system', NULL, '127.0.0.1', 'group.create', 'group 10', NULL, 'name "staff", 2 members: 13 14');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (12, 1796052796394, 'system', NULL, '127.0.0.1', 'board.create', 'board 2', NULL, 'name "Spring", first day 2023-03-01, last day 2023-05-31, period all_time');
INSERT INTO audit_entries (id, at, by, key_id, address, action, subject, before, after) VALUES (13, 1796052796488, 'system', NULL, '127.0.0.1', 'recalculation.start', 'scores', NULL, 'from 2026-11-20');
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (1, 'layouts:', X'C23E66AF8FFAB8661481364BA5438A20AD55187D12728C233E826740EB6B7F28', NULL, 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, 'for all', 1796052793944, NULL, NULL, NULL, NULL, NULL, 1796052794914, '127.0.0.1', NULL);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (2, 'layouts:', X'9D6463252C9CAEADF19B43E55A4E0116D106F9CEA08598C31A85525655D1DDE7', NULL, 'events:read,export,metrics', NULL, 'to read', 1796052794167, '9999-12-31', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (3, 'layouts:', X'5D5A0E0DB7DA59B943D5029563108681F94DA964B61CDBF5EDAE0A07AFB222E6', 'ann', 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, NULL, 1796052794406, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1796052794513);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (4, 'sk_NVKIl', X'9D3F80C7F1B80B4BB4EBE9B61A8BAE1C49E6D03374C4BB1B1FFE903C8D74FBF2', NULL, 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, 'renewed', 1796052794661, NULL, 1796139194787, 5, NULL, NULL, NULL, NULL, NULL);
INSERT INTO api_keys (id, prefix, digest, username, scopes, networks, description, created_at, expires_on, ends_at, successor_id, first_id, made_with, last_used_at, last_used_from, revoked_at) VALUES (5, 'sk_8Vmu6', X'A941FF4F7F2E0D746FBD1DA916A68F5F9B748A605ED55D6C05BB47ACF887C91C', NULL, 'events:read,events:award,events:deduct,events:correct,recalculate,boards,users,keys,export,metrics', NULL, 'renewed', 1796052794787, NULL, NULL, NULL, 4, NULL, NULL, NULL, NULL);
INSERT INTO imports (id, digest, name, by, began_at, ended_at, undo_began_at, undone_at, records, events) VALUES (1, X'790F820D1F2266739C6B0C98E1B67734425AE4C4DD9FCC2A8AA906513BF3588D', 'rows.csv', 'import', 1796052796800, 1796052796835, NULL, NULL, 1, 1);
INSERT INTO imported_events (import_id, first_id, last_id) VALUES (1, 33, 33);
INSERT INTO imported_keys (key, event_id) VALUES ('row-1', 33);
INSERT INTO id_floor (id, event_id) VALUES (1, 0);
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (1, 'score_events', '2026-11-30T15:33:13.655329319Z', '12652150474972862693');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (2, 'scores', '2026-11-30T15:33:13.655344211Z', '18075835468139919318');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (3, 'api_keys', '2026-11-30T15:33:13.655345878Z', '15110640087105266778');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (4, 'idempotency_keys', '2026-11-30T15:33:13.655347173Z', '8900305010021168763');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (5, 'directory', '2026-11-30T15:33:13.655347873Z', '8456234142940984592');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (6, 'leaderboards', '2026-11-30T15:33:13.655348822Z', '18296432637820006610');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (7, 'covering_date_index', '2026-11-30T15:33:13.65534974Z', '15345657408678845610');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (8, 'local_pages', '2026-11-30T15:33:13.655350344Z', '11392688296167070212');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9, 'forgotten_suspended_users', '2026-11-30T15:33:13.655351426Z', '3771768962829045675');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (10, 'idempotency_by_key', '2026-11-30T15:33:13.655353116Z', '935316452244093698');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (11, 'revisions_by_actor', '2026-11-30T15:33:13.655354357Z', '16931684432646636174');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (12, 'audit', '2026-11-30T15:33:13.655354636Z', '1713303276144039991');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (13, 'key_rights', '2026-11-30T15:33:13.655355174Z', '841813726415741349');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (14, 'imports', '2026-11-30T15:33:13.655356122Z', '10696271039386562966');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (15, 'id_floor', '2026-11-30T15:33:13.655356662Z', '9415914829817201787');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq) VALUES ('api_keys', 5);
INSERT INTO sqlite_sequence (name, seq) VALUES ('audit_entries', 13);
INSERT INTO sqlite_sequence (name, seq) VALUES ('leaderboards', 2);
CREATE INDEX recalculations_by_time ON recalculations (requested_at);
CREATE INDEX group_members_by_user ON group_members (user_id);
CREATE INDEX score_events_by_user
    ON score_events (id >> 18, user_id, id, date, points, description, created_at, updated_at);
CREATE INDEX score_events_by_date ON score_events (date, id, user_id, points);
CREATE INDEX score_events_deductions ON score_events (user_id, date) WHERE points < 0;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX event_revisions_by_actor ON event_revisions (event_id, by);
CREATE INDEX audit_entries_by_kind ON audit_entries (kind, id);
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX imports_by_digest ON imports (digest);
CREATE INDEX imported_keys_by_event ON imported_keys (event_id);
COMMIT;
