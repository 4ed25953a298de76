-- The people and groups that the keeper names. Both are optional: an id that is not here still has a score.
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

-- A member need not be in users.
CREATE TABLE group_members (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL,
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_members_by_user ON group_members (user_id);
