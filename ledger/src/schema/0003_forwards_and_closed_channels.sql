-- What is remembered of payments that were forwarded, and of channels that are closed.

-- fees: what all settled forwards have earned, in msat.
INSERT INTO counters (name) VALUES
    ('forwards.created'), ('forwards.updated'), ('forwards.deleted'), ('forwards.fees');

-- One row per HTLC that came in and was to go on. `in_key` is the first six bytes of `in_channel`.
CREATE TABLE forwards (
    created_index   INTEGER PRIMARY KEY,
    updated_index   INTEGER,
    status          INTEGER NOT NULL,  -- 0 offered, 1 settled, 2 failed, 3 failed here without being offered
    in_key          INTEGER NOT NULL,
    in_htlc_id      INTEGER NOT NULL,
    in_scid         INTEGER,           -- NULL: the channel had no place in the chain yet
    out_scid        INTEGER,
    in_msat         INTEGER NOT NULL,
    out_msat        INTEGER,           -- NULL if it was not offered
    out_htlc_id     INTEGER,
    received_at     INTEGER NOT NULL,
    resolved_at     INTEGER,           -- NULL while it is offered
    failure_code    INTEGER,           -- these two where the reason is known
    failure_name    TEXT,
    in_channel      BLOB NOT NULL,
    out_channel     BLOB,
    payment_hash    BLOB NOT NULL
) STRICT;

CREATE INDEX forwards_by_htlc ON forwards (in_key, in_htlc_id);
CREATE INDEX forwards_under_way ON forwards (in_key) WHERE status = 0;
CREATE INDEX forwards_by_status ON forwards (status);
CREATE INDEX forwards_by_in ON forwards (in_scid) WHERE in_scid IS NOT NULL;
CREATE INDEX forwards_by_out ON forwards (out_scid) WHERE out_scid IS NOT NULL;
CREATE INDEX forwards_by_update ON forwards (updated_index) WHERE updated_index IS NOT NULL;

-- One row per channel whose end has come and whose money is where it belongs.
CREATE TABLE closed_channels (
    number           INTEGER PRIMARY KEY,  -- in the order in which they ended
    channel_key      INTEGER NOT NULL,     -- the first six bytes of the channel_id
    peer_id          BLOB,
    channel_id       BLOB NOT NULL,
    scid             INTEGER,
    local_alias      INTEGER,
    remote_alias     INTEGER,
    opened_by_us     INTEGER NOT NULL,
    closed_by_us     INTEGER,              -- NULL: nobody's decision
    private          INTEGER NOT NULL,
    channel_type     BLOB,                 -- the features' bits, the lowest byte first
    funding_txid     BLOB NOT NULL,
    funding_outnum   INTEGER NOT NULL,
    total_msat       INTEGER NOT NULL,
    final_to_us_msat INTEGER NOT NULL,
    min_to_us_msat   INTEGER NOT NULL,
    max_to_us_msat   INTEGER NOT NULL,
    htlcs_sent       INTEGER NOT NULL,
    changes          INTEGER NOT NULL,
    closing_txid     BLOB,
    close_cause      INTEGER NOT NULL      -- 0 unknown, 1 local, 2 user, 3 remote, 4 protocol, 5 onchain
) STRICT;

CREATE INDEX closed_channels_by_id ON closed_channels (channel_key);
CREATE INDEX closed_channels_by_peer ON closed_channels (peer_id);
