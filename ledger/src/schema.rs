//! Opening the file: its pragmas, the versions of its schema, and whose ledger it is.

use crate::error::OpenError;
use bitcoin::Network;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use rusqlite_migration::{M, Migrations};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Marks a file as a ledger of Boltill's ("Bolt"), in SQLite's header.
const APPLICATION_ID: i32 = 0x426f_6c74;

/// The schema's versions, oldest first. A released one never changes; what comes is appended.
const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!("schema/0001_initial.sql")),
    M::up(include_str!("schema/0002_given_ways.sql")),
    M::up(include_str!("schema/0003_forwards_and_closed_channels.sql")),
    M::up(include_str!("schema/0004_invoice_requests_and_offers.sql")),
    M::up(include_str!("schema/0005_runes.sql")),
    M::up(include_str!("schema/0006_datastore_and_cleaning.sql")),
    M::up(include_str!("schema/0007_index_of_invoices.sql")),
    M::up(include_str!("schema/0008_values_in_pieces.sql")),
];

/// How many statements each connection keeps prepared: more than there are.
const STATEMENTS: usize = 128;

/// The writer's page cache in KiB: the inner pages of every index of ten million invoices, and the pages in use.
const WRITER_CACHE: i64 = 8 * 1024;
/// The same for each reader.
const READER_CACHE: i64 = 2 * 1024;

/// The files of a ledger, checked and brought up to date.
pub(crate) struct Database {
    path: PathBuf,
}

impl Database {
    /// Opens the ledger at `path` or makes a new one, and returns the connection that may write.
    pub(crate) fn open(path: &Path, network: Network) -> Result<(Database, Connection), OpenError> {
        let file_error = |source| OpenError::File {
            path: path.to_owned(),
            source,
        };
        create(path).map_err(file_error)?;
        let database = Database {
            path: path.to_owned(),
        };
        let conn = database.open_writer(network).map_err(|error| match error {
            OpenError::Database(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) =>
            {
                OpenError::NotALedger(path.to_owned())
            }
            other => other,
        })?;
        Ok((database, conn))
    }

    fn open_writer(&self, network: Network) -> Result<Connection, OpenError> {
        let mut conn = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE, WRITER_CACHE)?;
        self.check_identity(&conn)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        Migrations::from_slice(MIGRATIONS).to_latest(&mut conn)?;
        self.check_network(&conn, network)?;
        Ok(conn)
    }

    /// The folder beside the file in which the index of invoices is.
    pub(crate) fn keys(&self) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push("-keys");
        path.into()
    }

    /// A connection that only reads.
    pub(crate) fn reader(&self) -> Result<Connection, OpenError> {
        Ok(self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY, READER_CACHE)?)
    }

    /// A connection that only reads, for one question from outside; what it sorts goes to the disk.
    pub(crate) fn asker(&self) -> Result<Connection, rusqlite::Error> {
        let conn = self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY, READER_CACHE)?;
        conn.pragma_update(None, "temp_store", "FILE")?;
        Ok(conn)
    }

    /// A connection for checkpoints.
    pub(crate) fn checkpointer(&self) -> Result<Connection, OpenError> {
        let conn = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE, READER_CACHE)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        Ok(conn)
    }

    fn connect(&self, access: OpenFlags, cache: i64) -> rusqlite::Result<Connection> {
        let conn = Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        conn.busy_timeout(Duration::from_secs(10))?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        // A plan is made once. Without this, SQLite makes that of a range anew whenever its bounds are others.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        conn.pragma_update(None, "cache_size", -cache)?;
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(conn)
    }

    /// Refuses what is no ledger and what a newer release wrote.
    fn check_identity(&self, conn: &Connection) -> Result<(), OpenError> {
        let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let application = pragma("application_id")?;
        let version = pragma("user_version")?.unsigned_abs();
        let tables: u32 = conn.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
        if application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0) {
            return Err(OpenError::NotALedger(self.path.clone()));
        }
        let known = MIGRATIONS.len() as u32;
        if version > known {
            return Err(OpenError::Newer {
                path: self.path.clone(),
                found: version,
                known,
            });
        }
        Ok(())
    }

    /// Writes down the network of a new ledger, and refuses the ledger of another network.
    fn check_network(&self, conn: &Connection, network: Network) -> Result<(), OpenError> {
        let wanted = network.to_string();
        let found: Option<String> = conn
            .query_row("SELECT value FROM about WHERE name = 'network'", (), |row| {
                row.get(0)
            })
            .optional()?;
        match found {
            Some(found) if found == wanted => Ok(()),
            Some(found) => Err(OpenError::WrongNetwork {
                path: self.path.clone(),
                found,
                wanted,
            }),
            None => {
                conn.execute("INSERT INTO about (name, value) VALUES ('network', ?1)", [wanted])?;
                Ok(())
            }
        }
    }
}

/// Makes the file if there is none, readable by its owner only; SQLite gives the files beside it the same mode.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => {
            file.sync_all()?;
            sync_directory(path)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes the new file's name durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{Counters, IndexKind, Subsystem};

    #[test]
    fn a_ledger_of_any_older_release_is_brought_up_to_date_with_what_is_in_it() {
        for version in 1..MIGRATIONS.len() {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("ledger");
            let mut older = Connection::open(&path).unwrap();
            Migrations::from_slice(MIGRATIONS)
                .to_version(&mut older, version)
                .unwrap();
            older
                .execute(
                    "UPDATE counters SET value = 7 WHERE name = 'sendpays.created'",
                    (),
                )
                .unwrap();
            drop(older);
            let (_, conn) = Database::open(&path, Network::Regtest).unwrap();
            let counters = Counters::load(&conn).unwrap();
            assert_eq!(counters.get(Subsystem::Sendpays, IndexKind::Created), 7);
            assert_eq!(counters.get(Subsystem::InvoiceRequests, IndexKind::Created), 0);
        }
    }
}
