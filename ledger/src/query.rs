//! Questions in SQL from outside, as Core Lightning's `sql` takes them.
//!
//! Each question has a connection of its own, opened for reading alone. On it the ledger's tables appear as views with Core
//! Lightning's names and columns (`query/views.rs`), which are read row by row on the ledger's indexes, never copied; and what is not in the
//! ledger as tables that the caller fills, of which the question tells the names ([`Query::touched`]).
//!
//! * **What may be touched** is decided while SQLite reads the question (`query/guard.rs`): these views and tables and Core Lightning's list of
//!   functions. Nothing else of the file can be named, nor can anything be written.
//! * **What it may take** is bounded: time, the length of the question and of each value. Sorting goes to the disk, not to memory.
//! * It waits for nobody and nobody waits for it: the writer goes on, and the readers' threads are not used.

mod guard;
mod literals;
mod table;
mod views;

pub use table::{Column, ColumnType, Table, column};

use crate::error::LedgerError;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::schema::Database;
use guard::Guard;
use literals::Literals;
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params_from_iter};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use views::{VIEWS, View};

/// How much SQLite does between two looks at the clock: some microseconds, or more where it compares long texts.
const STEPS: i32 = 1_000;

/// How long SQLite may think about how to go about a question.
const PLANNING: Duration = Duration::from_secs(5);

/// The bounds that Core Lightning sets, where SQLite's own would be larger than anybody needs.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, 1_000_000),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 10_000),
    // As many as the widest table has, and as many again.
    (Limit::SQLITE_LIMIT_COLUMN, 200),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// Why a question is not answered. The words are Core Lightning's as far as it has any.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It is no SQL, names what there is not, or wants what is not allowed.
    #[error("query failed with {0}")]
    Refused(String),
    /// It failed on the way.
    #[error("Executing statement: {0}")]
    Failed(String),
    /// It took too long.
    #[error("Executing statement: interrupted after {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// Nobody wants the answer any more.
    #[error("Executing statement: interrupted")]
    Stopped,
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with decimals.
    Real(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(Cow<'a, [u8]>),
}

/// A question that may be asked; its tables are still empty.
pub struct Query {
    conn: Connection,
    sql: String,
    guard: Guard,
    tables: &'static [Table],
}

/// The tables that the ledger has itself, in alphabetical order.
pub fn own_tables() -> impl Iterator<Item = &'static Table> {
    VIEWS.iter().map(|view| &view.table)
}

impl Ledger {
    /// Reads a question and decides whether it may be asked; `tables` are those that the caller can fill. Blocks.
    ///
    /// `offer_description` tells what an offer says of itself.
    ///
    /// # Errors
    /// [`QueryError::Refused`], and whatever keeps the ledger from being read.
    pub fn query(
        &self,
        sql: &str,
        tables: &'static [Table],
        offer_description: fn(&str) -> Option<String>,
    ) -> Result<Query, QueryError> {
        Query::prepare(&self.database, &self.keys, sql, tables, offer_description)
    }
}

impl Query {
    fn prepare(
        database: &Database,
        index: &Keys,
        sql: &str,
        tables: &'static [Table],
        offer_description: fn(&str) -> Option<String>,
    ) -> Result<Query, QueryError> {
        let conn = database.asker().map_err(LedgerError::from)?;
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        conn.create_scalar_function("offer_description", 1, flags, move |context| {
            Ok(offer_description(context.get_raw(0).as_str()?))
        })
        .map_err(LedgerError::from)?;
        // All that follows is of one moment: the invoices that are looked up now and the rows that are read later.
        conn.execute_batch("BEGIN; SELECT value FROM about")
            .map_err(LedgerError::from)?;
        let secret: String = conn
            .query_row("SELECT 'v' || lower(hex(randomblob(16)))", (), |row| row.get(0))
            .map_err(LedgerError::from)?;
        let known = own_tables().chain(tables).map(|table| table.name);
        let guard = Guard::new(secret, known.collect());
        let query = Query {
            conn,
            sql: sql.to_owned(),
            guard,
            tables,
        };
        query.declare(index)?;
        query.arm().map_err(LedgerError::from)?;
        let deadline = Instant::now() + PLANNING;
        let handler = Some(move || Instant::now() >= deadline);
        query
            .conn
            .progress_handler(STEPS, handler)
            .map_err(LedgerError::from)?;
        let columns = query.conn.prepare(sql).map(|statement| statement.column_count());
        query
            .conn
            .progress_handler(STEPS, None::<fn() -> bool>)
            .map_err(LedgerError::from)?;
        match columns {
            Ok(0) => Err(QueryError::Refused("only SELECT is allowed".to_owned())),
            Ok(_) => Ok(query),
            Err(error) => Err(query.refused(&error)),
        }
    }

    /// Makes the views and tables that the question may mean.
    fn declare(&self, index: &Keys) -> Result<(), LedgerError> {
        let lower = self.sql.to_ascii_lowercase();
        let literals = Literals::of(&self.sql);
        for view in VIEWS.iter().filter(|view| lower.contains(view.table.name)) {
            let condition = literals.condition(view.keys, index, &self.conn)?;
            self.conn
                .execute_batch(&creation(view, &self.guard.views, condition))?;
        }
        for table in self.tables.iter().filter(|table| lower.contains(table.name)) {
            self.conn.execute_batch(&table.creation())?;
        }
        for (limit, most) in LIMITS {
            self.conn.set_limit(*limit, *most)?;
        }
        Ok(())
    }

    /// From here on, what is asked of the connection comes from outside.
    fn arm(&self) -> rusqlite::Result<()> {
        let guard = self.guard.clone();
        self.conn
            .authorizer(Some(move |question: AuthContext<'_>| guard.ask(question)))
    }

    fn disarm(&self) -> rusqlite::Result<()> {
        self.conn.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
    }

    fn refused(&self, error: &rusqlite::Error) -> QueryError {
        let words = match (words(error), self.guard.refusal()) {
            (words, Some(refusal)) => format!("{words} ({refusal})"),
            (words, None) => words,
        };
        QueryError::Refused(words)
    }

    /// The tables that it reads, by name; those of the caller's are to be filled before it is asked.
    pub fn touched(&self) -> Vec<&'static str> {
        self.guard.touched()
    }

    /// Adds rows, each with every column of the table, [`Table::all_columns`]. Blocks.
    ///
    /// # Errors
    /// When the disk, where they are held, is full or fails.
    pub fn fill<'a>(
        &self,
        table: &Table,
        rows: impl IntoIterator<Item = Vec<Cell<'a>>>,
    ) -> Result<(), QueryError> {
        let fill = || -> rusqlite::Result<()> {
            self.disarm()?;
            let mut insertion = self.conn.prepare_cached(&table.insertion())?;
            for row in rows {
                insertion.execute(params_from_iter(row))?;
            }
            drop(insertion);
            self.arm()
        };
        Ok(fill().map_err(LedgerError::from)?)
    }

    /// Asks, and hands over row after row until `each` says that it has enough. Blocks for as long as `time`, or until it is
    /// told to `stop`.
    ///
    /// # Errors
    /// Any, behind any number of rows.
    pub fn run(
        &self,
        time: Duration,
        stop: &Arc<AtomicBool>,
        each: &mut dyn FnMut(&[Cell<'_>]) -> bool,
    ) -> Result<(), QueryError> {
        let (deadline, stopped) = (Instant::now() + time, Arc::clone(stop));
        let handler = move || Instant::now() >= deadline || stopped.load(Ordering::Relaxed);
        self.conn
            .progress_handler(STEPS, Some(handler))
            .map_err(LedgerError::from)?;
        let mut statement = self
            .conn
            .prepare(&self.sql)
            .map_err(|error| self.refused(&error))?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) if stop.load(Ordering::Relaxed) => {
                QueryError::Stopped
            }
            Some(rusqlite::ErrorCode::OperationInterrupted) => QueryError::TimedOut(time),
            _ => QueryError::Failed(words(&error)),
        };
        let mut number = 0u64;
        while let Some(row) = rows.next().map_err(failed)? {
            if !each(&cells(row, columns, number)?) {
                break;
            }
            number += 1;
        }
        Ok(())
    }
}

/// The statements that make a view. Its inside has a name that nobody knows, by which the guard recognises it.
fn creation(view: &View, secret: &str, condition: Option<String>) -> String {
    let columns: Vec<String> = view
        .table
        .columns
        .iter()
        .map(|column| format!("{} AS {}", column.source, column.name))
        .collect();
    let (name, from, columns) = (view.table.name, view.from, columns.join(", "));
    let condition = condition.map(|condition| format!(" WHERE {condition}"));
    let condition = condition.unwrap_or_default();
    format!(
        "CREATE TEMP VIEW {secret}_{name} AS SELECT {columns} FROM main.{from} AS t{condition}; \
         CREATE TEMP VIEW {name} AS SELECT * FROM temp.{secret}_{name};"
    )
}

fn cells<'a>(row: &'a Row<'_>, columns: usize, number: u64) -> Result<Vec<Cell<'a>>, QueryError> {
    let cell = |column: usize| -> Result<Cell<'a>, QueryError> {
        let value = row.get_ref(column).map_err(LedgerError::from)?;
        Ok(match value {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(value) => Cell::Integer(value),
            ValueRef::Real(value) => Cell::Real(value),
            ValueRef::Text(text) => Cell::Text(Cow::Borrowed(str::from_utf8(text).map_err(|_| {
                QueryError::Failed(format!("Invalid UTF-8 string row {number} column {column}"))
            })?)),
            ValueRef::Blob(bytes) => Cell::Blob(Cow::Borrowed(bytes)),
        })
    };
    (0..columns).map(cell).collect()
}

/// What SQLite says, without the query.
fn words(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(*value),
            Cell::Real(value) => ValueRef::Real(*value),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests;
