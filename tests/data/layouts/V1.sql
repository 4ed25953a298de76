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
INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (1, 'score_events', '2026-11-30T14:49:21.020805988Z', '12652150474972862693');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq) VALUES ('score_events', 34);
CREATE INDEX score_events_by_user ON score_events (user_id);
CREATE INDEX score_events_by_date ON score_events (date);
CREATE INDEX score_events_deductions ON score_events (user_id, date) WHERE points < 0;
COMMIT;
