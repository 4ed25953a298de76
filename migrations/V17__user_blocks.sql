-- A user's events by id, in blocks of 2^18 ids, with all that a list shows, as before. But what is stored now is no longer
-- written into it at once: that made every event change a page more. A block is written when it is full, once, in the order
-- of users. The newest events are found along the primary key until then.
CREATE TABLE user_events (
    -- The block: id >> 18.
    block       INTEGER NOT NULL CHECK (block = id >> 18),
    user_id     INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    date        TEXT    NOT NULL,
    points      INTEGER NOT NULL,
    description TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (block, user_id, id)
) STRICT, WITHOUT ROWID;

-- How far the blocks are written: one row.
CREATE TABLE user_events_state (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    -- Every event of a block below this one is in user_events. An event of this block or of a later one is there only if
    -- its id was not the greatest ever when it was stored, or if it was given to another user since.
    written_below INTEGER NOT NULL CHECK (written_below >= 0),
    -- How often an id was made free that may be given to an event again. Whoever remembers which ids are whose forgets it
    -- then.
    ids_freed     INTEGER NOT NULL
) STRICT;

-- The index is in the order that the table needs.
INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
SELECT id >> 18, user_id, id, date, points, description, created_at, updated_at
FROM score_events INDEXED BY score_events_by_user
WHERE id >> 18 < (SELECT coalesce(max(0, max(id) >> 18), 0) FROM score_events)
ORDER BY id >> 18, user_id, id;

INSERT INTO user_events_state (one, written_below, ids_freed)
SELECT 1, coalesce(max(0, max(id) >> 18), 0), 0 FROM score_events;

DROP INDEX score_events_by_user;

-- An event is found along the primary key if its id is greater than any that was given. Any other is written at once.
CREATE TRIGGER user_events_insert AFTER INSERT ON score_events
WHEN new.id < (SELECT max(id) FROM score_events)
    OR new.id <= (SELECT max(event_id) FROM event_revisions)
    OR new.id >> 18 < (SELECT written_below FROM user_events_state WHERE one = 1)
BEGIN
    DELETE FROM user_events WHERE block = new.id >> 18 AND user_id = new.user_id AND id = new.id;
    INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
    VALUES (new.id >> 18, new.user_id, new.id, new.date, new.points, new.description, new.created_at, new.updated_at);
END;

-- What is written follows its event. What is not written yet is left to the writing of its block.
CREATE TRIGGER user_events_update AFTER UPDATE OF date, points, description, created_at, updated_at ON score_events
BEGIN
    UPDATE user_events
    SET date = new.date, points = new.points, description = new.description, created_at = new.created_at,
        updated_at = new.updated_at
    WHERE block = new.id >> 18 AND user_id = new.user_id AND id = new.id;
END;

CREATE TRIGGER user_events_move AFTER UPDATE OF id, user_id ON score_events
WHEN old.id <> new.id OR old.user_id <> new.user_id
BEGIN
    DELETE FROM user_events WHERE block = old.id >> 18 AND user_id = old.user_id AND id = old.id;
    DELETE FROM user_events WHERE block = new.id >> 18 AND user_id = new.user_id AND id = new.id;
    INSERT INTO user_events (block, user_id, id, date, points, description, created_at, updated_at)
    VALUES (new.id >> 18, new.user_id, new.id, new.date, new.points, new.description, new.created_at, new.updated_at);
END;

CREATE TRIGGER user_events_delete AFTER DELETE ON score_events
BEGIN
    DELETE FROM user_events WHERE block = old.id >> 18 AND user_id = old.user_id AND id = old.id;
END;

-- Only SQL of others gives an event another id.
CREATE TRIGGER user_events_renumber AFTER UPDATE OF id ON score_events
WHEN old.id <> new.id
BEGIN
    UPDATE user_events_state SET ids_freed = ids_freed + 1 WHERE one = 1;
END;

-- The id of an event that a server deletes is never given again, since its history stays. But SQL of others may leave no
-- history.
CREATE TRIGGER user_events_free AFTER DELETE ON score_events
WHEN NOT EXISTS (SELECT 1 FROM score_events WHERE id > old.id)
    AND NOT EXISTS (SELECT 1 FROM event_revisions WHERE event_id >= old.id)
BEGIN
    UPDATE user_events_state SET ids_freed = ids_freed + 1 WHERE one = 1;
END;
