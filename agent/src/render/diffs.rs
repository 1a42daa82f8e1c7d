//! Changes as people read them, within the room a mail has for them.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::{Change, ChangeKind, FileState};
use serde_json::{Value, json};

use super::summary::{entry, ownership_note, worth_telling};
use super::words::plural;

/// Most changes listed by name.
const LISTED: usize = 200;

/// One line for each change; in the first report one for each file.
pub(super) fn listed(report: &SystemReport) -> Vec<Value> {
    let line = |change: &Change| {
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Removed => "removed",
        };
        json!({ "kind": kind, "path": text::one_line(&change.path, 300), "note": note(report, change) })
    };
    let changes: Vec<&Change> =
        if report.is_first() { report.changes.iter().collect() } else { worth_telling(report).collect() };
    let mut lines: Vec<Value> = changes.iter().take(LISTED).map(|change| line(change)).collect();
    if changes.len() > LISTED {
        let more = format!("{} files", changes.len() - LISTED);
        lines.push(json!({ "kind": "and", "path": more, "note": "see report.json" }));
    }
    lines
}

/// What there is to say beside the path: `2 lines added, 1 removed, mode 0644 -> 0600`.
fn note(report: &SystemReport, change: &Change) -> String {
    let entry = entry(report, change);
    let state = match entry.map(|entry| (entry.state, entry.muted)) {
        Some((_, true)) => "muted",
        Some((FileState::Withheld, _)) => "content withheld",
        Some((FileState::Binary, _)) => "not text",
        Some((FileState::TooLarge, _)) => "too large",
        Some((FileState::Unreadable, _)) => "may not be read",
        Some((FileState::Symlink, _)) => "symbolic link",
        Some((FileState::Omitted, _)) => "left out",
        Some((FileState::Text, _)) | None => "",
    };
    let mut notes: Vec<String> = vec![state.to_owned()];
    notes.extend(change.diff.as_deref().map(counted));
    notes.extend(ownership_note(entry, change));
    notes.retain(|note| !note.is_empty());
    notes.join(", ")
}

/// `2 lines added, 1 removed`.
fn counted(diff: &str) -> String {
    let lines = || diff.lines().skip_while(|line| !line.starts_with("@@"));
    let count = |sign: char| lines().filter(|line| line.starts_with(sign)).count() as u64;
    match (count('+'), count('-')) {
        (added, 0) => format!("{} added", plural(added, "line")),
        (0, removed) => format!("{} removed", plural(removed, "line")),
        (added, removed) => format!("{} added, {removed} removed", plural(added, "line")),
    }
}

/// The diffs that fit into `room` bytes, and a sentence if not all do. The first report shows none: nothing changed yet.
pub(super) fn shown(report: &SystemReport, room: usize) -> (Vec<Value>, Option<String>) {
    let (mut diffs, mut used, mut left_out) = (Vec::new(), 0, 0);
    for change in report.news() {
        let Some(body) = change.diff.as_ref().or(change.text.as_ref()) else { continue };
        if used + body.len() > room {
            left_out += 1;
            continue;
        }
        used += body.len();
        diffs.push(json!({
            "path": text::one_line(&change.path, 300),
            "whole": change.diff.is_none(),
            "text": text::clean(body),
        }));
    }
    let sentence = (left_out > 0)
        .then(|| format!("{left_out} changed files are too long to be shown here; report.json holds them."));
    (diffs, sentence)
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn lines_of_a_diff_are_counted_without_its_head() {
        assert_eq!(
            counted("--- original\n+++ modified\n@@ -1,2 +1,3 @@\n a\n-b\n+c\n+++ d\n"),
            "2 lines added, 1 removed"
        );
        assert_eq!(counted("--- a\n+++ b\n@@ -1 +1 @@\n+x\n"), "1 line added");
        assert_eq!(counted("--- a\n+++ b\n@@ -1 +1 @@\n-x\n--y\n"), "2 lines removed");
    }
}
