-- Who is ranked, over which days, and who may look. Lists of group ids are JSON arrays.
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

-- created_by_id -1 is Discourse's id for its system user.
INSERT INTO leaderboards (id, name, folded, created_by_id, updated_at)
VALUES (1, 'Global Leaderboard', 'global leaderboard', -1,
        CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER));
