use super::*;
use crate::keys::Key;
use bitcoin::Network;
use boltill_types::CreatedIndex;
use std::sync::Arc;

const TABLES: &[Table] = &[
    Table {
        name: "peerchannels",
        columns: &[
            column(ColumnType::Blob, "peer_id"),
            column(ColumnType::Text, "state"),
        ],
        indices: &[&["peer_id"]],
        parent: None,
    },
    Table {
        name: "peerchannels_htlcs",
        columns: &[column(ColumnType::Integer, "id")],
        indices: &[],
        parent: Some("peerchannels"),
    },
];

/// A ledger with an unpaid invoice, a paid one, an offer, and a secret.
struct Room {
    database: Database,
    index: Keys,
    writer: rusqlite::Connection,
    _directory: tempfile::TempDir,
}

const HASH: &str = "x'0101010101010101010101010101010101010101010101010101010101010101'";

fn room() -> Room {
    let directory = tempfile::tempdir().unwrap();
    let (database, conn) = Database::open(&directory.path().join("ledger"), Network::Regtest).unwrap();
    for (number, status, label) in [(1, 0, "tea"), (2, 1, "25"), (3, 2, "it's")] {
        let hash = [number as u8; 32];
        conn.execute(
            "INSERT INTO invoices (created_index, status, label_key, hash_key, expires_at, payment_hash, payment_preimage, label, \
             bolt11, description, pay_index, received_msat, paid_at) VALUES (?1, ?2, ?3, ?4, 4000000000, ?5, ?5, ?6, 'lnbcrt1', 'a cup', ?7, ?7, ?7)",
            rusqlite::params![
                number,
                status,
                crate::sql::text_key(label),
                crate::sql::hash_key(&hash),
                hash,
                label,
                (status == 1).then_some(1),
            ],
        )
        .unwrap();
    }
    conn.execute_batch(
        "INSERT INTO rune_secret VALUES (0, x'5ec7e7'); \
         INSERT INTO state VALUES ('keys', '', 'seed', x'5ec7e7', NULL); \
         INSERT INTO offers VALUES (1, 1, 0, 1, 0, 0, x'aa', 'pot', 'lno1'); \
         INSERT INTO forwards (created_index, status, in_key, in_htlc_id, in_scid, in_msat, out_msat, received_at, in_channel, \
         payment_hash) VALUES (1, 1, 1, 7, (103 << 40) | (1 << 16) | 2, 1001, 1000, 5, x'aa', x'bb');",
    )
    .unwrap();
    let index = crate::keys::open(&database.keys(), &conn).unwrap();
    Room {
        database,
        index,
        writer: conn,
        _directory: directory,
    }
}

impl Room {
    fn query(&self, sql: &str) -> Result<Query, QueryError> {
        Query::prepare(&self.database, &self.index, sql, TABLES, |offer| {
            Some(format!("{offer}?"))
        })
    }

    fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        self.query(sql)
            .and_then(|query| answer(&query))
            .map_err(|error| error.to_string())
    }

    /// How SQLite would go about it.
    fn plan(&self, sql: &str) -> String {
        let rows = self.rows(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        rows.iter()
            .map(|row| row[3].as_str())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

fn answer(query: &Query) -> Result<Vec<Vec<String>>, QueryError> {
    let mut rows = Vec::new();
    query.run(Duration::from_secs(60), &Arc::default(), &mut |row| {
        rows.push(row.iter().map(shown).collect());
        true
    })?;
    Ok(rows)
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Null => "null".to_owned(),
        Cell::Integer(value) => value.to_string(),
        Cell::Real(value) => format!("{value:?}"),
        Cell::Text(text) => text.to_string(),
        Cell::Blob(bytes) => format!("{}...", bytes[0]),
    }
}

#[test]
fn what_clients_look_for_is_found_on_an_index() {
    let room = room();
    for (condition, index) in [
        ("label = 'tea'".to_owned(), "rowid>? AND rowid<?"),
        (
            "label = \"tea\" AND status = 'unpaid'".to_owned(),
            "rowid>? AND rowid<?",
        ),
        ("label IN ('tea')".to_owned(), "rowid>? AND rowid<?"),
        (format!("payment_hash = {HASH}"), "rowid>? AND rowid<?"),
        (format!("{HASH} = payment_hash"), "rowid>? AND rowid<?"),
        ("created_index = 1".to_owned(), "INTEGER PRIMARY KEY"),
        (
            "created_index > 1 AND created_index < 9".to_owned(),
            "INTEGER PRIMARY KEY",
        ),
        ("pay_index = 1".to_owned(), "invoices_by_payment"),
        (
            "pay_index > 1 ORDER BY pay_index LIMIT 1".to_owned(),
            "invoices_by_payment",
        ),
        ("updated_index > 3".to_owned(), "invoices_by_update"),
        ("local_offer_id = x'aa'".to_owned(), "invoices_by_offer"),
    ] {
        let plan = room.plan(&format!("SELECT * FROM invoices WHERE {condition}"));
        assert!(
            plan.starts_with("SEARCH t USING") && plan.contains(index),
            "{condition}: {plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{condition}: {plan}");
    }
    for (query, index) in [
        (
            format!("sendpays WHERE payment_hash = {HASH}"),
            "sendpays_by_hash",
        ),
        (format!("pays WHERE payment_hash = {HASH}"), "sendpays_by_hash"),
        ("sendpays WHERE id = 4".to_owned(), "INTEGER PRIMARY KEY"),
        (
            "sendpays WHERE updated_index > 4".to_owned(),
            "sendpays_by_update",
        ),
        (format!("offers WHERE offer_id = {HASH}"), "offers_by_id"),
        ("offers WHERE active = 1".to_owned(), "offers_by_activity"),
        (
            format!("invoicerequests WHERE invreq_id = {HASH}"),
            "invoice_requests_by_id",
        ),
        (
            "forwards WHERE created_index = 4".to_owned(),
            "INTEGER PRIMARY KEY",
        ),
        (
            "forwards WHERE updated_index = 4".to_owned(),
            "forwards_by_update",
        ),
    ] {
        let plan = room.plan(&format!("SELECT * FROM {query}"));
        assert!(
            plan.starts_with("SEARCH t USING") && plan.contains(index),
            "{query}: {plan}"
        );
    }
}

#[test]
fn an_invoice_is_found_whatever_else_the_index_takes_for_it() {
    let room = room();
    let hash = Key::of_hash_key(1);
    for label in ["tea", "milk"] {
        for other in [2, 900] {
            room.index.add(
                Key::of_label_key(crate::sql::text_key(label)),
                hash,
                CreatedIndex(other),
            );
        }
    }
    let query = |label: &str| format!("SELECT created_index FROM invoices WHERE label = '{label}'");
    assert_eq!(room.rows(&query("tea")).unwrap().concat(), ["1"]);
    assert!(room.rows(&query("milk")).unwrap().is_empty());
    assert!(room.plan(&query("tea")).contains("rowid>? AND rowid<?"));
}

#[test]
fn the_conditions_that_lead_to_an_index_leave_nothing_out() {
    let room = room();
    for (condition, found) in [
        ("label = 'tea'".to_owned(), vec!["1"]),
        ("label = 25".to_owned(), vec!["2"]),
        ("label = 'it''s'".to_owned(), vec!["3"]),
        ("label = 'coffee'".to_owned(), vec![]),
        ("label <> 'tea'".to_owned(), vec!["2", "3"]),
        ("label IN ('tea', '25')".to_owned(), vec!["1", "2"]),
        ("label = 'TEA' COLLATE NOCASE".to_owned(), vec!["1"]),
        ("label = 'tea' OR pay_index = 1".to_owned(), vec!["1", "2"]),
        ("label LIKE 't%'".to_owned(), vec!["1"]),
        (format!("payment_hash = {HASH}"), vec!["1"]),
        (format!("payment_hash != {HASH}"), vec!["2", "3"]),
        (format!("payment_hash IN ({HASH})"), vec!["1"]),
        (
            format!("label = 'tea' AND payment_hash = {HASH} AND created_index = 1"),
            vec!["1"],
        ),
    ] {
        let rows = room
            .rows(&format!(
                "SELECT created_index FROM invoices WHERE {condition} ORDER BY 1"
            ))
            .unwrap();
        assert_eq!(rows.concat(), found, "{condition}");
    }
}

#[test]
fn values_are_those_of_the_listings() {
    let room = room();
    let of = |sql| room.rows(sql).unwrap().concat();
    assert_eq!(
        of("SELECT label, status, payment_preimage, paid_at FROM invoices WHERE created_index < 3"),
        ["tea", "unpaid", "null", "null", "25", "paid", "2...", "1"]
    );
    assert_eq!(
        of("SELECT offer_id, description, label FROM offers"),
        ["170...", "lno1?", "pot"]
    );
    assert_eq!(
        of("SELECT in_channel, out_channel, fee_msat, status, received_time FROM forwards"),
        ["103x1x2", "null", "1", "settled", "5.0"]
    );
    assert_eq!(
        of("SELECT count(*), sum(amount_received_msat) FROM invoices"),
        ["3", "1"]
    );
    assert_eq!(of("SELECT 1 WHERE 0"), [""; 0]);
}

#[test]
fn an_invoice_whose_time_has_passed_is_expired_before_that_is_on_file() {
    let room = room();
    room.writer
        .execute("UPDATE invoices SET expires_at = 5 WHERE created_index = 1", ())
        .unwrap();
    let status = room.rows("SELECT status FROM invoices WHERE created_index = 1");
    assert_eq!(status.unwrap().concat(), ["expired"]);
}

#[test]
fn a_table_is_counted_whatever_its_case() {
    let room = room();
    assert_eq!(
        room.rows("SELECT count(*) FROM INVOICES").unwrap().concat(),
        ["3"]
    );
    assert!(room.rows("SELECT count(*) FROM STATE").is_err());
}

#[test]
fn each_view_has_the_columns_that_are_told() {
    let room = room();
    for table in own_tables() {
        let query = room.query(&format!("SELECT * FROM {}", table.name)).unwrap();
        let statement = query.conn.prepare(&query.sql).unwrap();
        let told: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(statement.column_names(), told, "{}", table.name);
        assert_eq!(query.touched(), [table.name]);
    }
}

#[test]
fn nothing_is_reached_but_what_is_shown() {
    let room = room();
    let mut wrong = Vec::new();
    for (sql, words) in [
        ("SELECT secret FROM rune_secret", "Unknown table rune_secret"),
        ("SELECT value FROM state", "Unknown table state"),
        ("SELECT * FROM main.state", "Unknown table state"),
        (
            "SELECT payment_preimage FROM main.invoices",
            "Unknown table invoices",
        ),
        ("SELECT label_key FROM main.invoices", "Unknown table invoices"),
        ("SELECT sql FROM sqlite_schema", "Unknown table sqlite_master"),
        (
            "SELECT * FROM sqlite_temp_schema",
            "Unknown table sqlite_temp_master",
        ),
        (
            "SELECT * FROM pragma_table_info('invoices')",
            "Unknown table pragma_table_info",
        ),
        ("SELECT * FROM json_each('[1]')", "Unknown table json_each"),
        // A subquery may have any name, and SQLite tells it as that of a view.
        (
            "WITH invoices AS (SELECT payment_preimage FROM main.invoices) SELECT * FROM invoices",
            "Unknown table invoices",
        ),
        (
            "SELECT * FROM (SELECT secret FROM rune_secret) AS invoices",
            "Unknown table rune_secret",
        ),
        ("DELETE FROM invoices", "it is a view"),
        ("DELETE FROM main.invoices", "Unauthorized: 9"),
        ("UPDATE main.invoices SET status = 1", "Unauthorized: 23"),
        ("INSERT INTO main.about VALUES ('a', 'b')", "Unauthorized: 18"),
        ("INSERT INTO peerchannels VALUES (1, 2, 3)", "Unauthorized: 18"),
        ("DROP TABLE main.invoices", "Unauthorized: 9"),
        ("CREATE TABLE t (x)", "Unauthorized: 18"),
        ("CREATE TEMP VIEW v AS SELECT 1", "Unauthorized: 18"),
        ("ATTACH '/etc/passwd' AS p", "Unauthorized: 24 arg1=/etc/passwd"),
        ("PRAGMA database_list", "Unauthorized: 19 arg1=database_list"),
        ("PRAGMA writable_schema = 1", "Unauthorized: 19"),
        ("VACUUM INTO '/tmp/copy'", "only SELECT is allowed"),
        ("BEGIN", "Unauthorized: 22 arg1=BEGIN"),
        ("SELECT load_extension('x')", "load_extension"),
        (
            "SELECT randomblob(1000)",
            "Unauthorized: 31 arg1=(none) arg2=randomblob",
        ),
        ("SELECT offer_description('lno1')", "Unauthorized: 31"),
        (
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n",
            "Unauthorized: 33",
        ),
        ("SELECT 1; SELECT 2", "Multiple statements"),
        ("-- nothing", "only SELECT is allowed"),
        ("SELEC 1", "near \"SELEC\": syntax error"),
        ("SELECT tea FROM invoices", "no such column: tea"),
        ("SELECT * FROM tea", "no such table: tea"),
    ] {
        let refusal = room.rows(sql).err().unwrap_or_default();
        if !refusal.starts_with("query failed with ") || !refusal.contains(words) {
            wrong.push(format!("{sql}: {refusal}"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn tables_that_are_mentioned_are_filled_by_the_caller() {
    let room = room();
    let query = room
        .query("SELECT state, id FROM peerchannels JOIN peerchannels_htlcs ON row = peerchannels.rowid")
        .unwrap();
    assert_eq!(query.touched(), ["peerchannels", "peerchannels_htlcs"]);
    assert_eq!(answer(&query).unwrap().len(), 0);
    let text = |text: &'static str| Cell::Text(text.into());
    let channel = vec![
        Cell::Integer(1),
        Cell::Blob([2; 33].as_slice().into()),
        text("CHANNELD_NORMAL"),
    ];
    query.fill(&TABLES[0], [channel]).unwrap();
    let htlc = |number| {
        vec![
            Cell::Integer(number),
            Cell::Integer(1),
            Cell::Integer(0),
            Cell::Integer(40 + number),
        ]
    };
    query.fill(&TABLES[1], [htlc(1), htlc(2)]).unwrap();
    assert_eq!(
        answer(&query).unwrap().concat(),
        ["CHANNELD_NORMAL", "41", "CHANNELD_NORMAL", "42"]
    );
    let plan = room.plan("SELECT state FROM peerchannels WHERE peer_id = x'02'");
    assert!(plan.contains("SEARCH peerchannels USING INDEX"), "{plan}");
}

#[test]
fn what_takes_too_long_or_is_no_longer_wanted_ends() {
    let room = room();
    let endless = format!("SELECT count(*) FROM {}", vec!["invoices"; 40].join(", "));
    let aliases: Vec<_> = (0..40).map(|number| format!("invoices AS i{number}")).collect();
    let endless = endless.replace(&vec!["invoices"; 40].join(", "), &aliases.join(", "));
    let query = room.query(&endless).unwrap();
    let time = Duration::from_millis(20);
    let refusal = query.run(time, &Arc::default(), &mut |_| true).unwrap_err();
    assert!(matches!(refusal, QueryError::TimedOut(_)), "{refusal}");
    let stop = Arc::new(AtomicBool::new(true));
    let refusal = query
        .run(Duration::from_secs(600), &stop, &mut |_| true)
        .unwrap_err();
    assert!(matches!(refusal, QueryError::Stopped), "{refusal}");
}

#[test]
fn who_has_enough_rows_gets_no_more() {
    let room = room();
    let query = room.query("SELECT label FROM invoices").unwrap();
    let mut rows = 0;
    let each = &mut |_: &[Cell<'_>]| {
        rows += 1;
        rows < 2
    };
    query.run(Duration::from_secs(60), &Arc::default(), each).unwrap();
    assert_eq!(rows, 2);
}
