//! What a table looks like from outside.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Whole numbers; amounts in msat, times in UNIX seconds, 0 and 1 for no and yes.
    Integer,
    /// Numbers with decimals.
    Real,
    /// Text.
    Text,
    /// Bytes, which answers show in hexadecimal.
    Blob,
}

impl ColumnType {
    /// As SQL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            ColumnType::Integer => "INTEGER",
            ColumnType::Real => "REAL",
            ColumnType::Text => "TEXT",
            ColumnType::Blob => "BLOB",
        }
    }
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What queries call it.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// Where its values come from: SQL over the ledger's own table, or wherever the filler of a [`Table`] finds them.
    pub source: &'static str,
}

/// A table that queries know.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// What queries call it.
    pub name: &'static str,
    /// Its columns, without those that [`Table::implied`] adds in front.
    pub columns: &'static [Column],
    /// By which columns a row is found at once.
    pub indices: &'static [&'static [&'static str]],
    /// The table whose rows the rows of this one belong to.
    pub parent: Option<&'static str>,
}

impl Table {
    /// The columns in front of the others: a number, unless there is one, and the row that one belongs to.
    pub fn implied(&self) -> impl Iterator<Item = Column> {
        let is_number = |column: &Column| matches!(column.name, "rowid" | "created_index");
        let numbered = self.columns.iter().any(is_number);
        let of_parent = self.parent.is_some();
        let integer = |name| Column {
            name,
            kind: ColumnType::Integer,
            source: name,
        };
        [(!numbered, "rowid"), (of_parent, "row"), (of_parent, "arrindex")]
            .into_iter()
            .filter(|(there, _)| *there)
            .map(move |(_, name)| integer(name))
    }

    /// Every column, in order.
    pub fn all_columns(&self) -> impl Iterator<Item = Column> {
        self.implied().chain(self.columns.iter().copied())
    }

    /// The statements that make it, empty, in the connection's own store.
    pub(super) fn creation(&self) -> String {
        let columns: Vec<String> = self
            .all_columns()
            .map(|Column { name, kind, .. }| {
                let key = matches!(name, "rowid" | "created_index")
                    .then_some(" PRIMARY KEY")
                    .unwrap_or_default();
                format!("{name} {}{key}", kind.as_str())
            })
            .collect();
        let name = self.name;
        let mut sql = format!("CREATE TEMP TABLE {name} ({});", columns.join(", "));
        let parent: &[&[&str]] = if self.parent.is_some() { &[&["row"]] } else { &[] };
        let indices = self.indices.iter().chain(parent);
        for (number, index) in indices
            .filter(|index| !matches!(**index, ["created_index"]))
            .enumerate()
        {
            let columns = index.join(", ");
            sql.push_str(&format!(
                "CREATE INDEX temp.{name}_by_{number} ON {name} ({columns});"
            ));
        }
        sql
    }

    /// The statement that adds a row.
    pub(super) fn insertion(&self) -> String {
        let marks = vec!["?"; self.all_columns().count()].join(", ");
        format!("INSERT INTO temp.{} VALUES ({marks})", self.name)
    }
}

/// A column of its own name.
pub const fn column(kind: ColumnType, name: &'static str) -> Column {
    Column {
        name,
        kind,
        source: name,
    }
}
