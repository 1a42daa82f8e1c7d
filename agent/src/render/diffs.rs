//! Changes as people read them, within the room a mail has for them.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::{Change, ChangeKind, FileState};
use serde_json::{Value, json};

/// Most changes listed by name.
const LISTED: usize = 200;

/// One line for each change.
pub(super) fn listed(report: &SystemReport) -> Vec<Value> {
    // The first report would list every watched file; that is the manifest's job.
    let line = |change: &Change| {
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Removed => "removed",
        };
        let state = report.files.iter().find(|file| file.path == change.path).map(|file| file.state);
        let note = match state {
            Some(FileState::Withheld) => "content withheld",
            Some(FileState::Binary) => "not text",
            Some(FileState::TooLarge) => "too large",
            Some(FileState::Unreadable) => "may not be read",
            Some(FileState::Symlink) => "symbolic link",
            Some(FileState::Omitted) => "left out",
            Some(FileState::Text) if change.text.is_none() && change.diff.is_none() => "owner or mode",
            Some(FileState::Text) | None => "",
        };
        json!({ "kind": kind, "path": text::one_line(&change.path, 300), "note": note })
    };
    let mut lines: Vec<Value> = report.changes.iter().take(LISTED).map(line).collect();
    if report.changes.len() > LISTED {
        let more = format!("{} files", report.changes.len() - LISTED);
        lines.push(json!({ "kind": "and", "path": more, "note": "see report.json" }));
    }
    lines
}

/// The diffs that fit into `room` bytes, and a sentence if not all do. A full report shows none: nothing changed yet.
pub(super) fn shown(report: &SystemReport, room: usize) -> (Vec<Value>, Option<String>) {
    if report.baseline.is_none() {
        return (vec![], None);
    }
    let (mut diffs, mut used, mut left_out) = (Vec::new(), 0, 0);
    for change in &report.changes {
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
