-- The ledger as it was first.
--
-- Numbers are unsigned, amounts are in msat, times in seconds since 1970. An invoice or payment is found by the first
-- six bytes of a hash (`*_key`), so that the indexes stay narrow; queries compare the whole value as well.

PRAGMA application_id = 0x426f6c74; -- "Bolt"

-- What the ledger is; one row each.
CREATE TABLE about (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The last index that was assigned of each kind.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name) VALUES
    ('invoices.created'), ('invoices.updated'), ('invoices.deleted'), ('invoices.paid'),
    ('sendpays.created'), ('sendpays.updated'), ('sendpays.deleted');

CREATE TABLE invoices (
    created_index     INTEGER PRIMARY KEY,
    updated_index     INTEGER,
    status            INTEGER NOT NULL,  -- 0 unpaid, 1 paid, 2 expired
    label_key         INTEGER NOT NULL,
    hash_key          INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    amount_msat       INTEGER,           -- NULL: any amount
    pay_index         INTEGER,           -- these three if and only if paid
    received_msat     INTEGER,
    paid_at           INTEGER,
    payment_hash      BLOB NOT NULL,
    payment_preimage  BLOB NOT NULL,
    label             TEXT NOT NULL,
    bolt11            TEXT,              -- this or bolt12
    bolt12            TEXT,
    description       TEXT,
    local_offer_id    BLOB,
    invreq_payer_note TEXT
) STRICT;

CREATE INDEX invoices_by_label ON invoices (label_key);
CREATE INDEX invoices_by_hash ON invoices (hash_key);
CREATE INDEX invoices_by_update ON invoices (updated_index) WHERE updated_index IS NOT NULL;
CREATE INDEX invoices_by_payment ON invoices (pay_index) WHERE pay_index IS NOT NULL;
CREATE INDEX invoices_by_offer ON invoices (local_offer_id) WHERE local_offer_id IS NOT NULL;
CREATE INDEX invoices_by_expiry ON invoices (expires_at) WHERE status = 0;

-- What we pay, one row per attempt.
CREATE TABLE sendpays (
    created_index    INTEGER PRIMARY KEY,
    updated_index    INTEGER,
    status           INTEGER NOT NULL,  -- 0 pending, 1 complete, 2 failed
    id_key           INTEGER NOT NULL,
    hash_key         INTEGER NOT NULL,
    groupid          INTEGER NOT NULL,
    partid           INTEGER NOT NULL,
    amount_msat      INTEGER NOT NULL,
    amount_sent_msat INTEGER,
    created_at       INTEGER NOT NULL,
    completed_at     INTEGER,           -- if and only if complete or failed
    failure_code     INTEGER,           -- these two if and only if failed
    failure_message  TEXT,
    payment_preimage BLOB,              -- if and only if complete
    payment_id       BLOB NOT NULL,
    payment_hash     BLOB NOT NULL,
    destination      BLOB,
    label            TEXT,
    bolt11           TEXT,
    bolt12           TEXT,
    description      TEXT
) STRICT;

CREATE INDEX sendpays_by_id ON sendpays (id_key);
CREATE INDEX sendpays_by_hash ON sendpays (hash_key);
CREATE INDEX sendpays_by_status ON sendpays (status);
CREATE INDEX sendpays_by_update ON sendpays (updated_index) WHERE updated_index IS NOT NULL;

-- Lightning's own state, as LDK's KVStore has it.
CREATE TABLE state (
    primary_namespace   TEXT NOT NULL,
    secondary_namespace TEXT NOT NULL,
    key                 TEXT NOT NULL,
    value               BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX state_by_key ON state (primary_namespace, secondary_namespace, key);
