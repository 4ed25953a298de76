-- What a commit costs is mostly the pages that it touches, and how far they lie apart. Here they lie close: the events, and
-- what is kept with them, are laid out by the time they are stored or for.

-- Scores month by month. What is stored today lands within the pages of this month, however long history is; a day's scores
-- are found within their month, a user's by one step into each month. So no index of days is needed beside.
CREATE TABLE scores_by_month (
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

INSERT INTO scores_by_month (month, user_id, day, score, events)
SELECT CAST(substr(date, 1, 4) || substr(date, 6, 2) AS INTEGER), user_id, CAST(substr(date, 9, 2) AS INTEGER),
       score, events
FROM scores
ORDER BY 1, 2, 3;

DROP TABLE scores;
ALTER TABLE scores_by_month RENAME TO scores;

-- Events as before, but without AUTOINCREMENT: its counter is a page more in every commit. That the id of a deleted event
-- is never given again now holds because an event's id is one more than any in here and in event_revisions, where every
-- deleted event stays. (A row inserted by hand gets SQLite's own choice: one more than any in here.)
CREATE TABLE score_events_by_id (
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
) STRICT;

INSERT INTO score_events_by_id SELECT * FROM score_events ORDER BY id;
DROP TABLE score_events;
ALTER TABLE score_events_by_id RENAME TO score_events;

-- A user's events by id, in blocks of 2^18 ids, with all that a list shows: what is stored now lands within the pages of
-- the newest block, and a page of a list lies side by side.
CREATE INDEX score_events_by_user
    ON score_events (id >> 18, user_id, id, date, points, description, created_at, updated_at);
-- A day's events by id, with all that a rebuild of the day reads.
CREATE INDEX score_events_by_date ON score_events (date, id, user_id, points);
-- The few deductions, so that those dated in the future are found at once when points are redeemed.
CREATE INDEX score_events_deductions ON score_events (user_id, date) WHERE points < 0;
