-- What clients keep here for themselves.

-- The parts of a key are joined by a byte of 0, so that what is below a key follows it in order.
CREATE TABLE datastore (
    generation INTEGER NOT NULL,       -- how often the value was changed
    key        BLOB NOT NULL,
    data       BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX datastore_by_key ON datastore (key);
