-- A day's events by id, as before, with all that a rebuild of the day reads: it then walks along this index alone, where
-- it had to find each event in its table.
DROP INDEX score_events_by_date;
CREATE INDEX score_events_by_date ON score_events (date, id, user_id, points);
