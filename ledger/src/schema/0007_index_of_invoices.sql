-- Invoices are found by label and by payment hash in files beside this one, which are written in order (`keys.rs`).
DROP INDEX invoices_by_label;
DROP INDEX invoices_by_hash;

-- The files that count. All can be made anew from the invoices.
CREATE TABLE key_files (
    name  INTEGER PRIMARY KEY,
    up_to INTEGER NOT NULL      -- the created_index of the latest invoice in it
) STRICT;
