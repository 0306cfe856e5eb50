//! What a query may touch: SQLite asks for each table, column and function while it reads the query.

use super::views::VIEWS;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The functions that Core Lightning allows.
const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "coalesce",
    "count",
    "date",
    "datetime",
    "hex",
    "json_group_array",
    "json_object",
    "julianday",
    "length",
    "like",
    "lower",
    "max",
    "min",
    "quote",
    "strftime",
    "sum",
    "time",
    "timediff",
    "total",
    "unixepoch",
    "upper",
];

/// Says yes or no, and remembers what was asked for.
#[derive(Clone)]
pub(super) struct Guard {
    /// What the views in front of the ledger's tables are called: nobody outside can know it, so nobody can take their place. (SQLite also
    /// gives the names of subqueries as those of views.)
    pub(super) views: Arc<str>,
    known: Arc<[&'static str]>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    touched: BTreeSet<&'static str>,
    refusal: Option<String>,
}

impl Guard {
    /// Lets the tables of these names be read.
    pub(super) fn new(views: String, known: Vec<&'static str>) -> Guard {
        Guard {
            views: views.into(),
            known: known.into(),
            seen: Arc::default(),
        }
    }

    /// The tables that were asked for.
    pub(super) fn touched(&self) -> Vec<&'static str> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.touched.iter().copied().collect()
    }

    /// Why something was refused, if it was.
    pub(super) fn refusal(&self) -> Option<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.refusal.clone()
    }

    /// Answers one question of SQLite's.
    pub(super) fn ask(&self, question: AuthContext<'_>) -> Authorization {
        let refusal = match question.action {
            AuthAction::Select => return Authorization::Allow,
            AuthAction::Function { function_name } if self.may_call(function_name, question.accessor) => {
                return Authorization::Allow;
            }
            AuthAction::Read {
                table_name,
                column_name,
            } => match self.may_read(table_name, column_name, &question) {
                true => return Authorization::Allow,
                false => format!("Unknown table {table_name}"),
            },
            action => unauthorized(action, question.database_name, question.accessor),
        };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.refusal.get_or_insert(refusal);
        Authorization::Deny
    }

    fn is_ours(&self, accessor: Option<&str>) -> bool {
        accessor.is_some_and(|name| name.starts_with(&*self.views))
    }

    /// Functions have names in small letters, however the query has them.
    fn may_call(&self, function: &str, accessor: Option<&str>) -> bool {
        FUNCTIONS.binary_search(&function).is_ok() || self.is_ours(accessor)
    }

    /// Where rows are only counted no column is named; then SQLite tells neither the view nor always the database.
    fn may_read(&self, table: &str, column: &str, question: &AuthContext<'_>) -> bool {
        let counted = column.is_empty();
        let known = self.known.iter().find(|known| known.eq_ignore_ascii_case(table));
        match (known, question.database_name) {
            (Some(known), database) if counted || database == Some("temp") => {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.touched.insert(known);
                true
            }
            (_, Some("temp")) => table.starts_with(&*self.views),
            _ => {
                self.is_ours(question.accessor)
                    || counted && VIEWS.iter().any(|view| view.from.eq_ignore_ascii_case(table))
            }
        }
    }
}

/// In Core Lightning's words: the number of the action, what it is about, where, and who wants it.
fn unauthorized(action: AuthAction<'_>, database: Option<&str>, caller: Option<&str>) -> String {
    let (number, first, second) = numbered(action);
    let or_none = |text: Option<&str>| text.unwrap_or("(none)").to_owned();
    format!(
        "Unauthorized: {number} arg1={} arg2={} dbname={} caller={}",
        or_none(first),
        or_none(second),
        or_none(database),
        or_none(caller)
    )
}

/// SQLite's number of an action, and its two arguments.
fn numbered(action: AuthAction<'_>) -> (i32, Option<&str>, Option<&str>) {
    match action {
        AuthAction::CreateIndex {
            index_name,
            table_name,
        } => (1, Some(index_name), Some(table_name)),
        AuthAction::CreateTable { table_name } => (2, Some(table_name), None),
        AuthAction::CreateTempIndex {
            index_name,
            table_name,
        } => (3, Some(index_name), Some(table_name)),
        AuthAction::CreateTempTable { table_name } => (4, Some(table_name), None),
        AuthAction::CreateTempTrigger {
            trigger_name,
            table_name,
        } => (5, Some(trigger_name), Some(table_name)),
        AuthAction::CreateTempView { view_name } => (6, Some(view_name), None),
        AuthAction::CreateTrigger {
            trigger_name,
            table_name,
        } => (7, Some(trigger_name), Some(table_name)),
        AuthAction::CreateView { view_name } => (8, Some(view_name), None),
        AuthAction::Delete { table_name } => (9, Some(table_name), None),
        AuthAction::DropIndex {
            index_name,
            table_name,
        } => (10, Some(index_name), Some(table_name)),
        AuthAction::DropTable { table_name } => (11, Some(table_name), None),
        AuthAction::DropTempIndex {
            index_name,
            table_name,
        } => (12, Some(index_name), Some(table_name)),
        AuthAction::DropTempTable { table_name } => (13, Some(table_name), None),
        AuthAction::DropTempTrigger {
            trigger_name,
            table_name,
        } => (14, Some(trigger_name), Some(table_name)),
        AuthAction::DropTempView { view_name } => (15, Some(view_name), None),
        AuthAction::DropTrigger {
            trigger_name,
            table_name,
        } => (16, Some(trigger_name), Some(table_name)),
        AuthAction::DropView { view_name } => (17, Some(view_name), None),
        AuthAction::Insert { table_name } => (18, Some(table_name), None),
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => (19, Some(pragma_name), pragma_value),
        AuthAction::Read {
            table_name,
            column_name,
        } => (20, Some(table_name), Some(column_name)),
        AuthAction::Select => (21, None, None),
        AuthAction::Transaction { operation } => (22, Some(transaction(operation)), None),
        AuthAction::Update {
            table_name,
            column_name,
        } => (23, Some(table_name), Some(column_name)),
        AuthAction::Attach { filename } => (24, Some(filename), None),
        AuthAction::Detach { database_name } => (25, Some(database_name), None),
        AuthAction::AlterTable {
            database_name,
            table_name,
        } => (26, Some(database_name), Some(table_name)),
        AuthAction::Reindex { index_name } => (27, Some(index_name), None),
        AuthAction::Analyze { table_name } => (28, Some(table_name), None),
        AuthAction::CreateVtable {
            table_name,
            module_name,
        } => (29, Some(table_name), Some(module_name)),
        AuthAction::DropVtable {
            table_name,
            module_name,
        } => (30, Some(table_name), Some(module_name)),
        AuthAction::Function { function_name } => (31, None, Some(function_name)),
        AuthAction::Savepoint {
            operation,
            savepoint_name,
        } => (32, Some(transaction(operation)), Some(savepoint_name)),
        AuthAction::Recursive => (33, None, None),
        AuthAction::Unknown { code, arg1, arg2 } => (code, arg1, arg2),
        // A kind of action that a newer SQLite may have.
        _ => (0, None, None),
    }
}

fn transaction(operation: TransactionOperation) -> &'static str {
    match operation {
        TransactionOperation::Begin => "BEGIN",
        TransactionOperation::Release => "RELEASE",
        TransactionOperation::Rollback => "ROLLBACK",
        _ => "(none)",
    }
}
