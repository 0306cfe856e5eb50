-- A large value of which little changes from one write to the next lies in pieces (`state/pieces.rs`). `pieces` has their ids, eight bytes
-- each, in order, and `value` is empty then.
ALTER TABLE state ADD COLUMN pieces BLOB;

CREATE TABLE state_pieces (
    id    INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
