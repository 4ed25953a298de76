-- Which deeds give points by themselves, and how many. There is one row for each rule, and none is added or removed.
CREATE TABLE rules (
    name         TEXT    PRIMARY KEY,
    points       INTEGER NOT NULL CHECK (points BETWEEN -2147483648 AND 2147483647),
    enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    -- How many of one user's deeds count on a day; NULL: all of them.
    daily_limit  INTEGER CHECK (daily_limit BETWEEN 0 AND 2147483647),
    -- Only deeds in these categories count: a JSON array of numbers. Empty: those of all do.
    category_ids TEXT    NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

INSERT INTO rules (name, points)
VALUES ('post_created', 2), ('topic_created', 5), ('like_given', 1), ('like_received', 1), ('solution', 10),
       ('chat_message_created', 1);

-- What was told of deeds in another place, such as a forum. A row stays for ever: so a deed counts once, however often it is
-- told, and one that was taken back before it was told stays without points.
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

-- What counts of one user on a day. The day comes first, so that what is told now lands side by side.
CREATE INDEX deeds_counted ON deeds (date, rule, user_id) WHERE event_id IS NOT NULL;

-- How many deeds a rule counts on a day.
CREATE TABLE rule_days (
    rule    TEXT    NOT NULL REFERENCES rules (name),
    date    TEXT    NOT NULL,
    counted INTEGER NOT NULL,
    PRIMARY KEY (rule, date)
) STRICT, WITHOUT ROWID;

-- The secret with which a source signs what it sends, if one was made here. It has to be kept as it is: a digest could not
-- check a signature.
CREATE TABLE webhook_secrets (
    source  TEXT    PRIMARY KEY,
    secret  TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What came last from a source, well signed. Only the newest rows are kept.
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
