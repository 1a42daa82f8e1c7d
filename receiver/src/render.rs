//! How things look to people: tables and times for terminals, JSON for programs, and the words and templates of
//! mails.
//!
//! Pure. Text from outside is cleaned here once more before it reaches a terminal; nothing here fails.

pub mod letters;
pub mod words;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use serde::Serialize;

/// Longest cell of a table, in bytes; what is longer ends with `…`.
const CELL_BYTES: usize = 200;

/// A table for a terminal: a column is as wide as its widest cell, columns of numbers are right-aligned, nothing wraps.
/// A row shorter than the header has empty cells; what goes beyond the header is not shown.
#[must_use]
pub fn table(headers: &[&str], rows: &[Vec<String>]) -> String {
    let cell = |row: &Vec<String>, column: usize| {
        row.get(column).map_or_else(String::new, |cell| text::one_line(cell, CELL_BYTES))
    };
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| (0..headers.len()).map(|column| cell(row, column)).collect()).collect();
    let columns: Vec<Column> =
        headers.iter().enumerate().map(|(at, header)| Column::of(header, &cells, at)).collect();

    let mut out = line(headers.iter().copied(), &columns);
    for row in &cells {
        out += &line(row.iter().map(String::as_str), &columns);
    }
    out
}

struct Column {
    width: usize,
    numbers: bool,
}

impl Column {
    fn of(header: &str, cells: &[Vec<String>], at: usize) -> Self {
        let column = || cells.iter().map(|row| row[at].as_str());
        let width = column().chain([header]).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let numbers = column().any(is_number) && column().all(|cell| cell.is_empty() || is_number(cell));
        Self { width, numbers }
    }
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit() || c == '-') && cell.parse::<f64>().is_ok()
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, columns: &[Column]) -> String {
    let padded = cells.zip(columns).map(|(cell, column)| match column.numbers {
        true => format!("{cell:>width$}", width = column.width),
        false => format!("{cell:<width$}", width = column.width),
    });
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
}

/// What `--json` prints: indented, with a line end.
///
/// # Panics
/// Never for what is listed here: plain values without maps that have other keys than text.
#[must_use]
pub fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).expect("a listed value is plain JSON") + "\n"
}

/// A point in time for people, whole seconds: `2026-11-22 08:20:12 UTC`.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago, in the largest unit that says enough: `3 h ago`, `in 5 min`, `now`.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let passed = now.duration_since(at);
    match passed.as_secs() {
        0 => "now".to_owned(),
        seconds if seconds > 0 => format!("{} ago", roughly(passed)),
        _ => format!("in {}", roughly(-passed)),
    }
}

/// A duration cut to its largest unit: `59 s`, `3 h`, `2 d`.
#[must_use]
pub fn roughly(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn a_table_aligns_by_characters_and_puts_numbers_to_the_right() {
        let rows = [row(&["Müller GmbH", "9", "ok"]), row(&["ACME", "120.5", ""])];
        assert_eq!(
            table(&["CUSTOMER", "SYSTEMS", "NOTE"], &rows),
            "CUSTOMER     SYSTEMS  NOTE\nMüller GmbH        9  ok\nACME           120.5\n"
        );
        assert_eq!(table(&["NUMBER", "STATE"], &[]), "NUMBER  STATE\n");
    }

    #[test]
    fn a_cell_cannot_steer_the_terminal_break_its_row_or_fill_the_screen() {
        let shown = table(&["HOST", "NOTE"], &[row(&["a\u{1b}[2J\r\nb", &"x".repeat(10_000)]), row(&["c"])]);
        assert!(text::is_clean(&shown), "{shown:?}");
        assert_eq!(shown.lines().count(), 3);
        assert!(shown.len() < 700 && shown.contains('…'), "{shown}");
    }

    #[test]
    fn words_that_look_like_numbers_to_a_computer_are_words() {
        assert_eq!(table(&["HOST"], &[row(&["nan"]), row(&["x"])]), "HOST\nnan\nx\n");
        assert_eq!(table(&["HOST NAME"], &[row(&["inf"])]), "HOST NAME\ninf\n");
    }

    #[test]
    fn times_are_said_in_the_unit_that_matters_also_ahead_of_now() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let said = |seconds| ago(now - SignedDuration::from_secs(seconds), now);
        assert_eq!(said(0), "now");
        assert_eq!(said(59), "59 s ago");
        assert_eq!(said(60), "1 min ago");
        assert_eq!(said(3 * 3_600 + 59 * 60), "3 h ago");
        assert_eq!(said(47 * 3_600), "47 h ago");
        assert_eq!(said(10 * 86_400), "10 d ago");
        assert_eq!(said(-300), "in 5 min");
        assert_eq!(time(now), "2026-11-22 08:00:00 UTC");
    }
}
