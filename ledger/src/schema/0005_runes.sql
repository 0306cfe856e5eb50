-- Runes: what may call commands from outside.

-- The secret that all are derived from; one row, made with the first start.
CREATE TABLE rune_secret (
    id     INTEGER PRIMARY KEY CHECK (id = 0),
    secret BLOB NOT NULL
) STRICT;

-- Those that were made here. None is deleted, so the next id is the one behind the last.
CREATE TABLE runes (
    id        INTEGER PRIMARY KEY,
    last_used INTEGER,                 -- in nanoseconds since 1970
    rune      TEXT NOT NULL
) STRICT;

-- Ids that are withdrawn, as ranges that neither overlap nor touch.
CREATE TABLE rune_blacklist (
    first INTEGER PRIMARY KEY,
    last  INTEGER NOT NULL
) STRICT;
