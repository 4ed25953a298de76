-- One row is one award (points > 0) or deduction (points < 0) that counts. Deleting an event removes its row; what it
-- was stays in event_revisions. AUTOINCREMENT: the id of a deleted event is never given to another one.
-- The defaults are for rows written by hand, in a SQL shell.
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

-- A user's events by id.
CREATE INDEX score_events_by_user ON score_events (user_id);
-- A day's events by id; also what a rebuild of a day reads.
CREATE INDEX score_events_by_date ON score_events (date);
-- The few deductions, so that those dated in the future are found at once when points are redeemed.
CREATE INDEX score_events_deductions ON score_events (user_id, date) WHERE points < 0;

-- What was done to an event that has been changed or deleted, oldest first. An event without rows here is as it was
-- created: its one revision is the event itself, so that storing an event costs one row.
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
