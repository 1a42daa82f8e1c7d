//! Changes as people read them, within the room a mail has for them.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::{Change, ChangeKind, FileState};
use serde::Serialize;
use serde_json::{Value, json};

use super::summary::{entry, ownership_note, worth_telling};
use super::words::{Thing, Words};

/// Most changes listed by name.
const LISTED: usize = 200;
/// Most lines of diffs shown.
const LINES: usize = 2_000;
/// Most stretches of lines of one colour; what follows is marked only by its first character. Each costs markup.
const STRETCHES: usize = 300;

/// One line for each change; of the first report one for each watched file.
pub(super) fn listed(report: &SystemReport, words: &dyn Words) -> Vec<Value> {
    let line = |change: &Change| {
        let (kind, mark) = match change.kind {
            ChangeKind::Added => ("added", "+"),
            ChangeKind::Modified => ("modified", "~"),
            ChangeKind::Removed => ("removed", "\u{2212}"),
        };
        let path = text::one_line(&change.path, 300);
        let note = note(report, change, words);
        if report.is_first() {
            row("listed", "\u{2022}", "", &path, &note)
        } else {
            row(kind, mark, words.change(change.kind), &path, &note)
        }
    };
    let changes: Vec<&Change> =
        if report.is_first() { report.changes.iter().collect() } else { worth_telling(report).collect() };
    let mut lines: Vec<Value> = changes.iter().take(LISTED).map(|change| line(change)).collect();
    if let Some(more) = changes.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let more = words.counted(more as u64, Thing::FileMore);
        lines.push(row("listed", "\u{2026}", "", &more, "report.json"));
    }
    lines
}

/// What there is to say beside the path: `2 lines added, 1 removed, mode 0644 -> 0600`.
fn note(report: &SystemReport, change: &Change, words: &dyn Words) -> String {
    let entry = entry(report, change);
    let ownership = ownership_note(entry, change, words);
    let has_text = change.text.is_some() || change.diff.is_some();
    let state = match entry {
        Some(entry) if entry.muted => Some(words.said("muted")),
        Some(entry) if entry.state == FileState::Text && (has_text || ownership.is_some()) => None,
        Some(entry) => Some(words.without_text(entry.state).to_owned()),
        None => None,
    };
    let lines = change.diff.as_deref().map(|diff| counted(diff, words));
    [state, lines, ownership].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `2 lines added, 1 removed`.
fn counted(diff: &str, words: &dyn Words) -> String {
    let lines = || diff.lines().skip_while(|line| !line.starts_with("@@"));
    let count = |sign: char| lines().filter(|line| line.starts_with(sign)).count();
    let (added, removed) = (count('+'), count('-'));
    let lines_added = if added == 1 { "1 line added".to_owned() } else { format!("{added} lines added") };
    let parts = match (added, removed) {
        (_, 0) => vec![lines_added],
        (0, 1) => vec!["1 line removed".to_owned()],
        (0, _) => vec![format!("{removed} lines removed")],
        _ => vec![lines_added, format!("{removed} removed")],
    };
    parts.iter().map(|part| words.said(part)).collect::<Vec<_>>().join(", ")
}

/// A line of a list: what happened, its mark, what it happened to, and what else there is to say.
pub(super) fn row(kind: &str, mark: &str, said: &str, path: &str, note: &str) -> Value {
    let column = if said.is_empty() { "-".to_owned() } else { format!("{said:<10}") };
    json!({ "kind": kind, "mark": mark, "said": said, "column": column, "path": path, "note": note })
}

/// Neighbouring lines of one kind.
#[derive(Debug, Serialize)]
struct Stretch {
    /// `added`, `removed`, `place` or `same`.
    kind: &'static str,
    text: String,
}

/// What is left of the room.
struct Room {
    bytes: usize,
    lines: usize,
    stretches: usize,
}

/// The diffs as far as they fit into so many bytes, and whether something did not. The first report shows none: nothing changed yet.
pub(super) fn shown(report: &SystemReport, words: &dyn Words, bytes: usize) -> (Vec<Value>, bool) {
    let (mut diffs, mut shortened) = (Vec::new(), false);
    let mut room = Room { bytes, lines: LINES, stretches: STRETCHES };
    for change in report.news() {
        let Some(lines) = lines(change, words) else { continue };
        let count = lines.len();
        let (stretches, taken) = room.take(lines);
        shortened |= taken < count;
        if taken == 0 {
            continue;
        }
        let whole = (change.diff.is_none()).then(|| words.extent(true));
        let cut = (taken < count).then(|| words.extent(false));
        let note: Vec<&str> = [whole, cut].into_iter().flatten().collect();
        let text: Vec<&str> = stretches.iter().map(|stretch| stretch.text.as_str()).collect();
        diffs.push(json!({
            "path": text::one_line(&change.path, 300),
            "note": note.join(", "),
            "text": text.join("\n"),
            "runs": stretches,
        }));
    }
    (diffs, shortened)
}

/// The lines of a change with their kinds; `None` where no text travels.
fn lines(change: &Change, words: &dyn Words) -> Option<Vec<(&'static str, String)>> {
    if let Some(diff) = &change.diff {
        // The first two lines name the versions, which the path above says better.
        let body = diff.lines().skip_while(|line| line.starts_with("--- ") || line.starts_with("+++ "));
        return Some(body.map(|line| marked(line, words)).collect());
    }
    let (kind, mark) = if change.kind == ChangeKind::Added { ("added", "+") } else { ("same", " ") };
    let whole = change.text.as_ref()?.lines();
    Some(whole.map(|line| (kind, format!("{mark}{}", text::harmless(line)))).collect())
}

fn marked(line: &str, words: &dyn Words) -> (&'static str, String) {
    let kind = match line.as_bytes().first() {
        Some(b'+') => "added",
        Some(b'-') => "removed",
        Some(b'@') => "place",
        Some(b'\\') => return ("place", format!("\\ {}", words.no_newline())),
        // A page takes away the line end that a text begins with.
        None => return ("same", " ".to_owned()),
        _ => "same",
    };
    (kind, text::harmless(line))
}

impl Room {
    /// As many lines as fit, in stretches of one kind, and how many they are.
    fn take(&mut self, lines: Vec<(&'static str, String)>) -> (Vec<Stretch>, usize) {
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut taken = 0;
        for (kind, line) in lines {
            if self.lines == 0 || line.len() >= self.bytes {
                break;
            }
            self.lines -= 1;
            self.bytes -= line.len() + 1;
            taken += 1;
            match stretches.last_mut() {
                Some(last) if last.kind == kind || self.stretches == 0 => {
                    if last.kind != kind {
                        last.kind = "same";
                    }
                    last.text.push('\n');
                    last.text.push_str(&line);
                }
                _ => {
                    self.stretches = self.stretches.saturating_sub(1);
                    stretches.push(Stretch { kind, text: line });
                }
            }
        }
        (stretches, taken)
    }
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::locale::Locale;

    use super::super::words;
    use super::counted;

    #[test]
    fn lines_of_a_diff_are_counted_without_its_head() {
        let said = |locale, diff| counted(diff, words::of(locale));
        let both = "--- original\n+++ modified\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+++ d\n";
        assert_eq!(said(Locale::En, both), "2 lines added, 1 removed");
        assert_eq!(said(Locale::De, both), "2 Zeilen neu, 1 entfernt");
        assert_eq!(said(Locale::En, "--- a\n+++ b\n@@ -1 +1 @@\n+x\n"), "1 line added");
        assert_eq!(said(Locale::De, "--- a\n+++ b\n@@ -1 +1 @@\n-x\n--y\n"), "2 Zeilen entfernt");
    }
}
