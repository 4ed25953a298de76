-- The answers that a retry under the same Idempotency-Key gets again.
CREATE TABLE idempotency_keys (
    -- The acting username in lower case: a key belongs to who sent it.
    actor       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    -- SHA-256 of the path and the parameters.
    fingerprint BLOB    NOT NULL,
    -- What was decided, as JSON.
    outcome     TEXT    NOT NULL,
    -- Milliseconds since 1970-01-01T00:00:00Z.
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
