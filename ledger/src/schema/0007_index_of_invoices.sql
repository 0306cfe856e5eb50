-- Invoices are found by label and by payment hash in files beside this one, which are written in order (`keys.rs`).
DROP INDEX invoices_by_label;
DROP INDEX invoices_by_hash;

-- The files that count, in the order in which they came to. All can be made anew from the invoices.
CREATE TABLE key_files (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name   INTEGER NOT NULL UNIQUE,
    up_to  INTEGER NOT NULL     -- with it the files know every invoice up to this created_index
) STRICT;
