//! Entries as a table that is not wider than the terminal.

use super::{Screen, value};
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, TableComponent, Width, presets,
};
use serde_json::Value;
use std::io::{self, Write};

/// What people look for first; these columns go last when there is no room.
const FIRST: &[&str] = &[
    "label",
    "status",
    "state",
    "amount_msat",
    "amount_received_msat",
    "amount_sent_msat",
    "alias",
    "short_channel_id",
    "description",
    "total_msat",
    "to_us_msat",
    "connected",
    "peer_id",
    "id",
    "command",
    "used",
    "active",
    "direction",
];
/// Longer text in a table is cut.
const LONGEST: usize = 40;
/// What is longer and means nothing to people is shortened to its ends.
const LONGEST_ID: usize = 20;
/// Between two columns.
const GAP: usize = 2;

/// One column as it would be shown if there were room.
struct Column {
    name: String,
    cells: Vec<String>,
    is_number: bool,
    width: usize,
    /// The larger, the sooner it has to go.
    burden: usize,
}

/// Objects: a row for each, a column for each of their members that has a value.
pub fn entries(out: &mut impl Write, items: &[Value], indent: usize, screen: Screen) -> io::Result<()> {
    let mut names: Vec<&str> = Vec::new();
    let mut inside: Vec<&str> = Vec::new();
    for (name, member) in items.iter().filter_map(Value::as_object).flatten() {
        let list = match has_parts(member) {
            true => &mut inside,
            false => &mut names,
        };
        if !list.contains(&name.as_str()) {
            list.push(name);
        }
    }
    names.retain(|name| !inside.contains(name));
    let columns = names.iter().enumerate().map(|(place, name)| {
        let values = items.iter().map(|item| item.get(*name).unwrap_or(&Value::Null));
        Column::of(name, values, place, screen)
    });
    print(out, columns.collect(), inside, indent, screen)
}

/// Arrays, as `sql` answers: columns without names.
pub fn rows(out: &mut impl Write, items: &[Value], indent: usize, screen: Screen) -> io::Result<()> {
    let widest = items
        .iter()
        .filter_map(Value::as_array)
        .map(Vec::len)
        .max()
        .unwrap_or(0);
    let columns = (0..widest).map(|place| {
        let values = items.iter().map(|item| item.get(place).unwrap_or(&Value::Null));
        Column::of("", values, place, screen)
    });
    print(out, columns.collect(), Vec::new(), indent, screen)
}

/// What has parts is not for a cell.
fn has_parts(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::Array(items) => items.iter().any(|item| item.is_object() || item.is_array()),
        _ => false,
    }
}

impl Column {
    fn of<'a>(name: &str, values: impl Iterator<Item = &'a Value>, place: usize, screen: Screen) -> Column {
        let mut is_number = true;
        let mut is_opaque = false;
        let cells: Vec<String> = values
            .map(|value| {
                let text = value::of(name, value, screen);
                is_number &= is_a_number(&text);
                is_opaque |= is_id(&text);
                shortened(text)
            })
            .collect();
        let name = value::plain(name);
        let longest = cells.iter().chain([&name]).map(|text| text.chars().count()).max();
        let rank = match FIRST.iter().position(|first| *first == name) {
            Some(rank) => rank,
            None if is_opaque => 2_000 + place,
            None => 1_000 + place,
        };
        Column {
            is_number,
            width: longest.unwrap_or(0),
            burden: if name.is_empty() { place } else { rank },
            name,
            cells,
        }
    }
}

/// A number or an amount, and no time.
fn is_a_number(text: &str) -> bool {
    let digits = text.strip_suffix(" msat").unwrap_or(text);
    digits.chars().all(|c| c.is_ascii_digit() || ",.-".contains(c))
}

/// A hash, a key, an invoice: one long word that is made for machines.
fn is_id(text: &str) -> bool {
    text.len() > LONGEST_ID && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn shortened(text: String) -> String {
    if is_id(&text) {
        return format!("{}…{}", &text[..8], &text[text.len() - 6..]);
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Takes away the columns that there is no room for, and names them below.
fn print(
    out: &mut impl Write,
    mut columns: Vec<Column>,
    inside: Vec<&str>,
    indent: usize,
    screen: Screen,
) -> io::Result<()> {
    let room = usize::from(screen.width).saturating_sub(indent).max(20);
    let mut left_out: Vec<String> = Vec::new();
    while columns.len() > 1 && columns.iter().map(|column| column.width + GAP).sum::<usize>() > room + GAP {
        let heaviest = (0..columns.len()).max_by_key(|place| columns[*place].burden);
        let Some(heaviest) = heaviest else { break };
        left_out.push(columns.remove(heaviest).name);
    }
    if columns.is_empty() {
        return Ok(());
    }
    for line in table(&columns, room).lines() {
        writeln!(out, "{:indent$}{}", "", line.trim_end())?;
    }
    left_out.reverse();
    left_out.extend(inside.into_iter().map(value::plain));
    left_out.retain(|name| !name.is_empty());
    if !left_out.is_empty() {
        writeln!(
            out,
            "{:indent$}Not shown: {}; -J shows all.",
            "",
            left_out.join(", ")
        )?;
    }
    Ok(())
}

fn table(columns: &[Column], room: usize) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .remove_style(TableComponent::VerticalLines)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(room).unwrap_or(u16::MAX));
    if columns.iter().any(|column| !column.name.is_empty()) {
        table.set_style(TableComponent::HeaderLines, '─');
        table.set_header(columns.iter().map(|column| aligned(&column.name, column)));
    }
    let height = columns.iter().map(|column| column.cells.len()).max().unwrap_or(0);
    for row in 0..height {
        table.add_row(columns.iter().map(|column| {
            let text = column.cells.get(row).map_or("", String::as_str);
            aligned(text, column)
        }));
    }
    let last = columns.len().saturating_sub(1);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if place == last { 0 } else { GAP as u16 }));
    }
    if columns.len() > 1
        && let Some(column) = table.column_mut(0)
    {
        // The first column tells the rows apart and is never broken into lines.
        let width = u16::try_from(columns[0].width + GAP).unwrap_or(u16::MAX);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
    }
    table
}

fn aligned(text: &str, column: &Column) -> Cell {
    let alignment = match column.is_number {
        true => CellAlignment::Right,
        false => CellAlignment::Left,
    };
    Cell::new(text).set_alignment(alignment)
}

#[cfg(test)]
mod tests {
    use super::super::tests::SCREEN;
    use super::*;
    use serde_json::json;

    fn lines(value: &Value, width: u16) -> Vec<String> {
        let mut out = Vec::new();
        let screen = Screen { width, ..SCREEN };
        let items = value.as_array().unwrap();
        match items[0].is_object() {
            true => entries(&mut out, items, 0, screen).unwrap(),
            false => rows(&mut out, items, 0, screen).unwrap(),
        }
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn invoices() -> Value {
        json!([
            {"label": "tea", "bolt11": format!("lnbc{}", "q".repeat(300)), "status": "paid", "amount_msat": 1_500_000, "paid_at": SCREEN.now - 60},
            {"label": "order 77", "status": "unpaid", "amount_msat": 20_000, "parts": [{}]},
        ])
    }

    #[test]
    fn a_list_is_a_table_with_numbers_to_the_right() {
        assert_eq!(
            lines(&invoices(), 100),
            [
                "label     bolt11           status     amount_msat  paid_at",
                "───────────────────────────────────────────────────────────────",
                "tea       lnbcqqqq…qqqqqq  paid    1,500,000 msat  1 minute ago",
                "order 77                   unpaid     20,000 msat",
                "Not shown: parts; -J shows all.",
            ]
        );
    }

    #[test]
    fn what_people_need_least_goes_first_where_there_is_no_room() {
        let narrow = lines(&invoices(), 40);
        assert_eq!(narrow[0], "label     status     amount_msat");
        assert_eq!(
            narrow.last().unwrap(),
            "Not shown: paid_at, bolt11, parts; -J shows all."
        );
        assert_eq!(lines(&invoices(), 20)[0].trim_end(), "label     status");
        for width in 20..120 {
            for line in lines(&invoices(), width)
                .iter()
                .filter(|line| !line.starts_with("Not shown"))
            {
                assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
            }
        }
    }

    #[test]
    fn rows_of_a_question_have_no_heads() {
        let answer = json!([["tea", 1, null], ["coffee", 25, "x"]]);
        assert_eq!(lines(&answer, 80), ["tea      1", "coffee  25  x"]);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(shortened("word ".repeat(20)).chars().count(), LONGEST + 1);
        assert_eq!(shortened("é".repeat(50)).chars().count(), LONGEST + 1);
        assert_eq!(shortened("ab".repeat(32)), "abababab…ababab");
    }
}
