//! What every module's SQL has in common: how statements are declared and how values become columns.

use crate::error::LedgerError;
use bitcoin::hashes::{Hash, sha256};
use boltill_types::{Msat, UnixSeconds};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row, RowIndex};

/// Declares a module's SQL statements, and a list of them all, from which a test proves that each runs on an index.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(pub(crate) const $name: &str = $sql;)*
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use statements;

/// Runs a statement that changes something.
pub(crate) fn execute(conn: &Connection, statement: &str, params: impl Params) -> Result<(), LedgerError> {
    conn.prepare_cached(statement)?.execute(params)?;
    Ok(())
}

/// The one row that a query finds, if any.
pub(crate) fn one<T>(
    conn: &Connection,
    query: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, LedgerError> {
    Ok(conn.prepare_cached(query)?.query_row(params, read).optional()?)
}

/// All rows that a query finds, which is known not to be many.
pub(crate) fn all<T>(
    conn: &Connection,
    query: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, LedgerError> {
    Ok(conn
        .prepare_cached(query)?
        .query_map(params, read)?
        .collect::<Result<_, _>>()?)
}

/// A number as SQLite has them. What does not fit in 63 bits is no amount, index or time that can occur, and sorts
/// after all that can, which is what the largest number does too.
pub(crate) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The column, as a number that is never negative.
pub(crate) fn uint(row: &Row<'_>, index: impl RowIndex) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(i64::unsigned_abs)
}

/// The column, as a number that is never negative, or nothing.
pub(crate) fn optional_uint(row: &Row<'_>, index: impl RowIndex) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(i64::unsigned_abs))
}

/// The column, as an amount or nothing.
pub(crate) fn optional_msat(row: &Row<'_>, index: impl RowIndex) -> rusqlite::Result<Option<Msat>> {
    Ok(optional_uint(row, index)?.map(Msat))
}

/// The column, as a point in time.
pub(crate) fn seconds(row: &Row<'_>, index: impl RowIndex) -> rusqlite::Result<UnixSeconds> {
    uint(row, index).map(UnixSeconds)
}

/// The column, through a conversion that only damage to the file can make fail.
pub(crate) fn converted<S, T, E>(
    row: &Row<'_>,
    index: usize,
    convert: impl FnOnce(S) -> Result<T, E>,
) -> rusqlite::Result<T>
where
    S: FromSql,
    E: std::error::Error + Send + Sync + 'static,
{
    let column_type = row.get_ref(index)?.data_type();
    convert(row.get(index)?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, column_type, Box::new(error)))
}

/// A column that holds none of the values it may hold.
#[derive(Debug, thiserror::Error)]
#[error("the column holds {0}, which it never should")]
pub(crate) struct UnknownValue(pub(crate) i64);

/// A hash or a random id, shortened to the six bytes that are indexed in its place.
///
/// A narrow key keeps an index of ten million entries in a third of the pages. Two values may have one key, so a
/// query also compares the whole value; with 48 bits, fewer than one look-up in a million meets a stranger.
pub(crate) fn hash_key(hash: &[u8; 32]) -> i64 {
    hash[..6].iter().fold(0, |key, byte| key << 8 | i64::from(*byte))
}

/// A text of any length, shortened as by [`hash_key`].
pub(crate) fn text_key(text: &str) -> i64 {
    hash_key(sha256::Hash::hash(text.as_bytes()).as_byte_array())
}

#[cfg(test)]
mod tests {
    use crate::schema::Database;
    use crate::{
        cleaning, closed_channels, counters, datastore, forwards, invoice_requests, invoices, keys, offers,
        payments, payouts, runes, state,
    };
    use bitcoin::Network;

    #[test]
    fn every_statement_runs_on_an_index_and_sorts_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (_, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
        let statements = [
            counters::sql::ALL,
            cleaning::sql::ALL,
            closed_channels::sql::ALL,
            datastore::sql::ALL,
            forwards::sql::ALL,
            invoice_requests::sql::ALL,
            invoices::sql::ALL,
            keys::sql::ALL,
            keys::counting_sql::ALL,
            offers::sql::ALL,
            payments::sql::ALL,
            payments::given_sql::ALL,
            payouts::sql::ALL,
            runes::sql::ALL,
            state::sql::ALL,
            state::pieces_sql::ALL,
        ];
        for (name, statement) in statements.concat() {
            let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
            for number in 1..=explain.parameter_count() {
                explain.raw_bind_parameter(number, 1).unwrap();
            }
            let mut steps = explain.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get("detail").unwrap();
                assert!(
                    !step.contains("SCAN") && !step.contains("TEMP B-TREE"),
                    "{name}: {step}"
                );
                // A range of rows that filters by something else would be a scan by another name.
                assert!(
                    !step.contains("KEY (rowid>?") || name == "BY_CREATION",
                    "{name}: {step}"
                );
            }
        }
    }

    #[test]
    fn a_key_is_the_first_six_bytes() {
        let mut hash = [0xff; 32];
        assert_eq!(super::hash_key(&hash), 0xffff_ffff_ffff);
        hash[..6].copy_from_slice(&[0, 1, 2, 3, 4, 5]);
        assert_eq!(super::hash_key(&hash), 0x0001_0203_0405);
    }
}
