-- What clients keep here for themselves.

-- The parts of a key are joined by a byte of 0, so that what is below a key follows it in order.
CREATE TABLE datastore (
    generation INTEGER NOT NULL,       -- how often the value was changed
    key        BLOB NOT NULL,
    data       BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX datastore_by_key ON datastore (key);

-- Old entries are deleted when the user wants that. Expired invoices are found by their time; all others in the order in which they
-- were made or paid.
CREATE INDEX invoices_expired ON invoices (expires_at) WHERE status = 2;

-- How many were ever deleted so, by kind.
INSERT INTO counters (name) VALUES
    ('cleaned.succeededforwards'), ('cleaned.failedforwards'), ('cleaned.succeededpays'),
    ('cleaned.failedpays'), ('cleaned.paidinvoices'), ('cleaned.expiredinvoices');
