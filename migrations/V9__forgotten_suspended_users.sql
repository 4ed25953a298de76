-- Users whom the directory has forgotten although they were suspended: they stay off the leaderboards until somebody says
-- otherwise. A user who is in the table of users is never in here: there the column suspended tells.
CREATE TABLE forgotten_suspended_users (
    user_id INTEGER PRIMARY KEY CHECK (user_id BETWEEN 1 AND 2147483647)
) STRICT;
