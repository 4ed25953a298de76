-- The answers that a retry under the same Idempotency-Key gets again, as before, but each belongs to the API key with which
-- it was asked for: two programs that act under one name and count their keys alike are two.
CREATE TABLE idempotency_answers (
    -- The acting username in lower case.
    actor       TEXT    NOT NULL,
    -- The Idempotency-Key.
    key         TEXT    NOT NULL,
    -- The API key: its number in api_keys (for a key that took another one's place, the number of the first); 0 for the
    -- configured key, whichever it is; -2 for a command on the machine itself. -1: an answer kept before this column came,
    -- which is any key's.
    key_id      INTEGER NOT NULL,
    -- SHA-256 of the path and the parameters.
    fingerprint BLOB    NOT NULL,
    -- What was decided, as JSON.
    outcome     TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (actor, key, key_id)
) STRICT, WITHOUT ROWID;

INSERT INTO idempotency_answers (actor, key, key_id, fingerprint, outcome, created_at)
SELECT actor, key, -1, fingerprint, outcome, created_at FROM idempotency_keys ORDER BY actor, key;

DROP TABLE idempotency_keys;
ALTER TABLE idempotency_answers RENAME TO idempotency_keys;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
