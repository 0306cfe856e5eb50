-- What we pay out by invoice_request, and what we offer.

INSERT INTO counters (name) VALUES
    ('invoicerequests.created'), ('invoicerequests.updated'), ('invoicerequests.deleted');

-- What we pay whoever reads it. `id_key` is the first six bytes of `invreq_id`. The sums are those of the payouts.
CREATE TABLE invoice_requests (
    created_index   INTEGER PRIMARY KEY,
    updated_index   INTEGER,
    id_key          INTEGER NOT NULL,
    single_use      INTEGER NOT NULL,
    active          INTEGER NOT NULL,
    used            INTEGER NOT NULL,
    amount_msat     INTEGER NOT NULL,
    absolute_expiry INTEGER,
    max_payments    INTEGER,           -- these three are limits; NULL: none
    max_total_msat  INTEGER,
    min_interval    INTEGER,           -- in seconds
    paid_count      INTEGER NOT NULL,
    paid_msat       INTEGER NOT NULL,
    pending_count   INTEGER NOT NULL,
    pending_msat    INTEGER NOT NULL,
    last_paid_at    INTEGER,
    invreq_id       BLOB NOT NULL,
    label           TEXT,
    bolt12          TEXT NOT NULL,
    bolt12_unsigned TEXT
) STRICT;

CREATE INDEX invoice_requests_by_id ON invoice_requests (id_key);
CREATE INDEX invoice_requests_by_activity ON invoice_requests (active);
CREATE INDEX invoice_requests_by_update ON invoice_requests (updated_index) WHERE updated_index IS NOT NULL;
CREATE INDEX invoice_requests_by_expiry ON invoice_requests (absolute_expiry)
    WHERE active = 1 AND absolute_expiry IS NOT NULL;

-- The payments for invoice_requests, one row per attempt.
CREATE TABLE payouts (
    payment      INTEGER PRIMARY KEY,  -- its created_index in sendpays, where the payment itself may be deleted once it is over
    request      INTEGER NOT NULL,     -- its created_index in invoice_requests
    status       INTEGER NOT NULL,     -- 0 pending, 1 complete, 2 failed
    hash_key     INTEGER NOT NULL,
    amount_msat  INTEGER NOT NULL,
    began_at     INTEGER NOT NULL,
    ended_at     INTEGER,              -- if and only if complete or failed
    payment_hash BLOB NOT NULL
) STRICT;

CREATE INDEX payouts_by_request ON payouts (request);
CREATE INDEX payouts_that_count ON payouts (request) WHERE status <> 2;
CREATE INDEX payouts_by_hash ON payouts (hash_key);

-- What others may fetch invoices for. `id_key` is the first six bytes of `offer_id`.
CREATE TABLE offers (
    created_index INTEGER PRIMARY KEY,
    id_key        INTEGER NOT NULL,
    single_use    INTEGER NOT NULL,
    active        INTEGER NOT NULL,
    used          INTEGER NOT NULL,
    force_paths   INTEGER NOT NULL,
    offer_id      BLOB NOT NULL,
    label         TEXT,
    bolt12        TEXT NOT NULL
) STRICT;

CREATE INDEX offers_by_id ON offers (id_key);
CREATE INDEX offers_by_activity ON offers (active);
CREATE INDEX invoices_unpaid_by_offer ON invoices (local_offer_id) WHERE status = 0 AND local_offer_id IS NOT NULL;
