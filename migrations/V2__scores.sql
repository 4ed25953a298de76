-- A user's score on a day: the sum of that day's events, kept by the transaction that changes an event. A day without
-- events has no row. A row that something else falsified must stay correctable by adding the difference (see the
-- rollup): so the sums have no CHECK but that they are whole numbers which every JSON reader can hold, 2^53 at most, and
-- which can be added without overflow.
CREATE TABLE scores (
    user_id INTEGER NOT NULL CHECK (user_id BETWEEN 1 AND 2147483647),
    date    TEXT    NOT NULL CHECK (date IS date(date) AND date BETWEEN '0001-01-01' AND '9999-12-31'),
    score   INTEGER NOT NULL CHECK (score BETWEEN -9007199254740992 AND 9007199254740992),
    -- How many events the score sums.
    events  INTEGER NOT NULL CHECK (events BETWEEN -9007199254740992 AND 9007199254740992),
    PRIMARY KEY (user_id, date)
) STRICT, WITHOUT ROWID;

-- A day's scores.
CREATE INDEX scores_by_date ON scores (date);

-- One row. Every transaction that repairs scores counts it up: a repair that was computed before another repair
-- committed is seen to be out of date.
CREATE TABLE rollup_repairs (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;

INSERT INTO rollup_repairs (id, count) VALUES (1, 0);

-- Recalculations asked for over HTTP: the daily limit counts them, and one without an end is taken up after a restart.
CREATE TABLE recalculations (
    id           INTEGER PRIMARY KEY,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    requested_at INTEGER NOT NULL,
    requested_by TEXT    NOT NULL,
    from_date    TEXT    NOT NULL,
    finished_at  INTEGER
) STRICT;

CREATE INDEX recalculations_by_time ON recalculations (requested_at);
