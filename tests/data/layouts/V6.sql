PRAGMA application_id = 1935896434;
BEGIN;
PRAGMA defer_foreign_keys = on;
CREATE TABLE refinery_schema_history(
             version int4 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));
CREATE TABLE score_events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
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
) STRICT;
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
CREATE TABLE scores (
    user_id INTEGER NOT NULL CHECK (user_id BETWEEN 1 AND 2147483647),
    date    TEXT    NOT NULL CHECK (date IS date(date) AND date BETWEEN '0001-01-01' AND '9999-12-31'),
    score   INTEGER NOT NULL CHECK (score BETWEEN -9007199254740992 AND 9007199254740992),
    -- How many events the score sums.
    events  INTEGER NOT NULL CHECK (events BETWEEN -9007199254740992 AND 9007199254740992),
    PRIMARY KEY (user_id, date)
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
CREATE TABLE idempotency_keys (
    -- The acting username in lower case: a key belongs to who sent it.
    actor       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    -- SHA-256 of the path and the parameters.
    fingerprint BLOB    NOT NULL,
    -- What was decided, as JSON.
    outcome     TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
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
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (1, 13, '2023-04-14', 15, 'Karaoke night', 1796050161879, 1796050161879, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (2, 15, '2023-03-03', 26, 'set right', 1796050161882, 1796050161928, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (4, 17, '2023-05-05', 8, NULL, 1796050161885, 1796050161885, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (5, 13, '2023-06-06', 15, NULL, 1796050161886, 1796050161886, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (6, 14, '2023-07-07', 22, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161888, 1796050161888, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (7, 15, '2023-08-08', 29, NULL, 1796050161889, 1796050161889, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (8, 16, '2023-09-09', 36, NULL, 1796050161891, 1796050161891, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (9, 17, '2023-01-10', 43, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161892, 1796050161892, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (10, 13, '2023-02-11', 50, NULL, 1796050161894, 1796050161894, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (11, 14, '2023-03-12', 57, NULL, 1796050161895, 1796050161895, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (12, 15, '2023-04-13', 64, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161897, 1796050161897, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (13, 16, '2023-05-14', 71, NULL, 1796050161898, 1796050161898, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (14, 17, '2023-06-15', 78, NULL, 1796050161899, 1796050161899, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (15, 13, '2023-07-16', 85, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161901, 1796050161901, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (16, 14, '2023-08-17', 92, NULL, 1796050161902, 1796050161902, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (17, 15, '2023-09-18', 99, NULL, 1796050161904, 1796050161904, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (18, 16, '2023-01-19', 106, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161905, 1796050161905, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (19, 17, '2023-02-20', 113, NULL, 1796050161906, 1796050161906, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (20, 13, '2023-03-21', 120, NULL, 1796050161908, 1796050161908, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (21, 14, '2023-04-22', 127, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161909, 1796050161909, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (22, 15, '2023-05-23', 134, NULL, 1796050161910, 1796050161910, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (23, 16, '2023-06-24', 141, NULL, 1796050161912, 1796050161912, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (24, 17, '2023-07-25', 148, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161913, 1796050161913, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (25, 13, '2023-08-26', 155, NULL, 1796050161915, 1796050161915, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (26, 14, '2023-09-27', 162, NULL, 1796050161917, 1796050161917, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (27, 15, '2023-01-28', 169, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161918, 1796050161918, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (28, 16, '2023-02-01', 176, NULL, 1796050161919, 1796050161919, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (29, 17, '2023-03-02', 183, NULL, 1796050161921, 1796050161921, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (30, 13, '2023-04-03', 190, 'It''s “Ünïcode”, a ''quote''
and a second line', 1796050161922, 1796050161922, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (31, 13, '2023-05-02', -20, 'A mug', 1796050161923, 1796050161923, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (32, 13, '2999-12-31', -3, 'in the future', 1796050161925, 1796050161925, 'system');
INSERT INTO score_events (id, user_id, date, points, description, created_at, updated_at, created_by) VALUES (33, 13, '2023-06-01', 5, 'imported', 1796050161966, 1796050161966, 'import');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 1, 1796050161882, 'system', 'create', -6, NULL);
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 2, 1796050161926, 'system', 'update', 25, 'set right');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (2, 3, 1796050161928, 'system', 'update', 26, 'set right');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (3, 1, 1796050161884, 'system', 'create', 1, 'It''s “Ünïcode”, a ''quote''
and a second line');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (3, 2, 1796050161929, 'system', 'delete', 1, 'It''s “Ünïcode”, a ''quote''
and a second line');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (34, 1, 1796050162023, 'system', 'create', 1, 'the last, deleted');
INSERT INTO event_revisions (event_id, revision, at, by, action, points, description) VALUES (34, 2, 1796050162025, 'system', 'delete', 1, 'the last, deleted');
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-02-11', 50, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-03-21', 120, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-04-03', 190, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-04-14', 15, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-05-02', -20, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-06-01', 5, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-06-06', 15, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-07-16', 85, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2023-08-26', 155, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (13, '2999-12-31', -3, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (14, '2023-03-12', 57, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (14, '2023-04-22', 127, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (14, '2023-07-07', 22, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (14, '2023-08-17', 92, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (14, '2023-09-27', 162, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (15, '2023-01-28', 169, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (15, '2023-03-03', 26, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (15, '2023-04-13', 64, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (15, '2023-05-23', 134, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (15, '2023-08-08', 29, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (15, '2023-09-18', 99, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (16, '2023-01-19', 106, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (16, '2023-02-01', 176, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (16, '2023-05-14', 71, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (16, '2023-06-24', 141, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (16, '2023-09-09', 36, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (17, '2023-01-10', 43, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (17, '2023-02-20', 113, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (17, '2023-03-02', 183, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (17, '2023-05-05', 8, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (17, '2023-06-15', 78, 1);
INSERT INTO scores (user_id, date, score, events) VALUES (17, '2023-07-25', 148, 1);
INSERT INTO rollup_repairs (id, count) VALUES (1, 0);
INSERT INTO recalculations (id, requested_at, requested_by, from_date, finished_at) VALUES (1, 1796050161940, 'system', '2026-11-20', 1796050161941);
INSERT INTO api_keys (id, prefix, digest, username, read_only, description, created_at, expires_on, last_used_at, revoked_at) VALUES (1, 'layouts:', X'C23E66AF8FFAB8661481364BA5438A20AD55187D12728C233E826740EB6B7F28', NULL, 0, 'for all', 1796050161154, NULL, 1796050161878, NULL);
INSERT INTO api_keys (id, prefix, digest, username, read_only, description, created_at, expires_on, last_used_at, revoked_at) VALUES (2, 'layouts:', X'9D6463252C9CAEADF19B43E55A4E0116D106F9CEA08598C31A85525655D1DDE7', NULL, 1, 'to read', 1796050161310, '9999-12-31', NULL, NULL);
INSERT INTO api_keys (id, prefix, digest, username, read_only, description, created_at, expires_on, last_used_at, revoked_at) VALUES (3, 'layouts:', X'5D5A0E0DB7DA59B943D5029563108681F94DA964B61CDBF5EDAE0A07AFB222E6', 'ann', 0, NULL, 1796050161442, NULL, NULL, 1796050161555);
INSERT INTO api_keys (id, prefix, digest, username, read_only, description, created_at, expires_on, last_used_at, revoked_at) VALUES (4, 'sk_MKSjM', X'B859AF49FB44D81D9A4657F037B44FB7051C727D95CB234874B7E4F6C6C69947', NULL, 0, 'renewed', 1796050161662, NULL, NULL, NULL);
INSERT INTO api_keys (id, prefix, digest, username, read_only, description, created_at, expires_on, last_used_at, revoked_at) VALUES (5, 'sk_wnvcT', X'8A84B960030A7790B0917FD070BB0EB01D282D24C01B9B785DB3370FCC265FA3', NULL, 0, 'renewed', 1796050161775, NULL, NULL, NULL);
INSERT INTO idempotency_keys (actor, key, fingerprint, outcome, created_at) VALUES ('system', 'order-1071', X'7426894C7032F49A9830679C38EBBA34D930870FDB08BB3A0D6053401D64634C', '{"stored":{"id":31,"user_id":13,"date":"2023-05-02","points":-20,"description":"A mug","created_at":"2026-11-30T14:49:21.923Z","updated_at":"2026-11-30T14:49:21.923Z"}}', 1796050161923);
INSERT INTO users (id, username, folded, name, avatar_template, suspended) VALUES (13, 'ann', 'ann', 'Ann Example', '/pictures/{size}.png', 0);
INSERT INTO users (id, username, folded, name, avatar_template, suspended) VALUES (14, 'Bob', 'bob', NULL, NULL, 1);
INSERT INTO groups (id, name) VALUES (10, 'staff');
INSERT INTO group_members (group_id, user_id) VALUES (10, 13);
INSERT INTO group_members (group_id, user_id) VALUES (10, 14);
INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids, excluded_groups_ids, default_period, period_filter_disabled, updated_at) VALUES (1, 'Global Leaderboard', 'global leaderboard', -1, NULL, NULL, '[]', '[]', '[]', 0, 0, 1796050161021);
INSERT INTO leaderboards (id, name, folded, created_by_id, from_date, to_date, visible_to_groups_ids, included_groups_ids, excluded_groups_ids, default_period, period_filter_disabled, updated_at) VALUES (2, 'Spring', 'spring', 13, '2023-03-01', '2023-05-31', '[]', '[]', '[]', 0, 0, 1796050161938);
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (1, 'score_events', '2026-11-30T14:49:21.020805988Z', '12652150474972862693');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (2, 'scores', '2026-11-30T14:49:21.020818693Z', '18075835468139919318');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (3, 'api_keys', '2026-11-30T14:49:21.020819839Z', '15110640087105266778');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (4, 'idempotency_keys', '2026-11-30T14:49:21.020820573Z', '8900305010021168763');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (5, 'directory', '2026-11-30T14:49:21.020821453Z', '8456234142940984592');
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (6, 'leaderboards', '2026-11-30T14:49:21.020822292Z', '18296432637820006610');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq) VALUES ('api_keys', 5);
INSERT INTO sqlite_sequence (name, seq) VALUES ('leaderboards', 2);
INSERT INTO sqlite_sequence (name, seq) VALUES ('score_events', 34);
CREATE INDEX score_events_by_user ON score_events (user_id);
CREATE INDEX score_events_by_date ON score_events (date);
CREATE INDEX score_events_deductions ON score_events (user_id, date) WHERE points < 0;
CREATE INDEX scores_by_date ON scores (date);
CREATE INDEX recalculations_by_time ON recalculations (requested_at);
CREATE INDEX api_keys_by_prefix ON api_keys (prefix);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX group_members_by_user ON group_members (user_id);
COMMIT;
