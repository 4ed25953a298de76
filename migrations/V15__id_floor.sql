-- One row: every new event gets an id above this one, even if no event and no history has it. A restored backup knows nothing
-- of the events that were stored after it was made, and their ids must not be given to others.
-- IF NOT EXISTS: restoring a backup of an earlier layout has made the table already.
CREATE TABLE IF NOT EXISTS id_floor (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL
) STRICT;

INSERT OR IGNORE INTO id_floor (id, event_id) VALUES (1, 0);
