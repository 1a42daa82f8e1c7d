//! Changes as people read them, within the room a mail has for them.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::{Change, ChangeKind, FileState};
use serde::Serialize;
use serde_json::{Value, json};

use super::words::{Thing, Words};

/// Most changes listed by name.
const LISTED: usize = 200;
/// Most lines of diffs shown.
const LINES: usize = 2_000;
/// Most stretches of lines of one colour; what follows is marked only by its first character. Each costs markup.
const STRETCHES: usize = 300;

/// One line for each change; of a full report one for each watched file.
pub(super) fn listed(report: &SystemReport, words: &dyn Words) -> Vec<Value> {
    let line = |change: &Change| {
        let (kind, mark) = match change.kind {
            ChangeKind::Added => ("added", "+"),
            ChangeKind::Modified => ("modified", "~"),
            ChangeKind::Removed => ("removed", "\u{2212}"),
        };
        let state = report.files.iter().find(|file| file.path == change.path).map(|file| file.state);
        let has_text = change.text.is_some() || change.diff.is_some();
        let note = match state {
            Some(FileState::Text) if has_text => "",
            Some(state) => words.without_text(state),
            None => "",
        };
        let path = text::one_line(&change.path, 300);
        match report.baseline {
            Some(_) => row(kind, mark, words.change(change.kind), &path, note),
            None => row("listed", "\u{2022}", "", &path, note),
        }
    };
    let mut lines: Vec<Value> = report.changes.iter().take(LISTED).map(line).collect();
    if let Some(more) = report.changes.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let more = words.counted(more as u64, Thing::FileMore);
        lines.push(row("listed", "\u{2026}", "", &more, "report.json"));
    }
    lines
}

fn row(kind: &str, mark: &str, said: &str, path: &str, note: &str) -> Value {
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

/// The diffs as far as they fit into so many bytes, and whether something did not. A full report shows none: nothing changed yet.
pub(super) fn shown(report: &SystemReport, words: &dyn Words, bytes: usize) -> (Vec<Value>, bool) {
    let (mut diffs, mut shortened) = (Vec::new(), false);
    if report.baseline.is_none() {
        return (diffs, shortened);
    }
    let mut room = Room { bytes, lines: LINES, stretches: STRETCHES };
    for change in &report.changes {
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
    Some(whole.map(|line| (kind, format!("{mark}{}", text::clean(line)))).collect())
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
    (kind, text::clean(line))
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
