-- Payments whose way the caller gave (`sendpay`), by their created_index. What broke on the way is there if and only if the payment
-- failed on it; all of it is optional, because nodes on the way tell less than one would like.
CREATE TABLE given_ways (
    created_index    INTEGER PRIMARY KEY,
    erring_index     INTEGER,  -- 0 is us, 1 the node at the end of the first channel
    erring_node      BLOB,
    erring_channel   INTEGER,  -- a short channel id, as its 64 bits
    erring_direction INTEGER,
    failcode         INTEGER   -- of BOLT 4
) STRICT;
