-- Who has changed an event: the names are found by a step for each, however often each of them has changed it.
CREATE INDEX event_revisions_by_actor ON event_revisions (event_id, by);
