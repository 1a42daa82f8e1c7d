//! A system report in a few sentences: what a person wants to know before the details.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::{Change, ChangeKind, FileEntry, FileState};
use serde_json::{Value, json};

use super::words::{minute, plural};

/// Most paths named in one sentence.
const NAMED: usize = 5;
/// Most packages listed.
const PACKAGES: usize = 60;

/// The verdict in one line.
pub(super) fn title(report: &SystemReport) -> String {
    let mut parts = Vec::new();
    let changes = worth_telling(report).count() as u64;
    let packages = report.packages.as_ref().map_or(0, |packages| packages.changes()) as u64;
    if report.is_first() {
        parts.push(format!("{} watched", plural(report.files.len() as u64, "file")));
    } else if changes > 0 {
        parts.push(plural(changes, "change"));
    }
    if packages > 0 {
        parts.push(format!("{} changed", plural(packages, "package")));
    }
    if parts.is_empty() {
        parts.push("nothing changed".to_owned());
    }
    if report.reboot.as_ref().is_some_and(|reboot| reboot.required) {
        parts.push("restart required".to_owned());
    }
    if !report.truncated.is_empty() {
        parts.push(plural(report.truncated.len() as u64, "problem"));
    }
    parts.join(", ")
}

/// What changed and a person should look at. That a muted file has another content again is no news; everything else about it is.
pub(super) fn worth_telling(report: &SystemReport) -> impl Iterator<Item = &Change> {
    let muted: Vec<&str> =
        report.files.iter().filter(|file| file.muted).map(|file| file.path.as_str()).collect();
    report.news().iter().filter(move |change| {
        let nothing_but_content = change.kind == ChangeKind::Modified
            && change.owner_before.is_none()
            && change.mode_before.is_none();
        !(nothing_but_content && muted.binary_search(&change.path.as_str()).is_ok())
    })
}

/// The sentences.
pub(super) fn summary(report: &SystemReport) -> Vec<String> {
    let mut sentences = vec![files(report)];
    sentences.extend(ownership(report));
    sentences.extend(unreadable(report));
    sentences.extend(muted(report));
    if let Some(packages) = report.packages.as_ref().filter(|packages| packages.changes() > 0) {
        let counted = counts([
            (packages.added.len(), "added"),
            (packages.updated.len(), "updated"),
            (packages.removed.len(), "removed"),
        ]);
        sentences.push(format!("Packages: {counted}; {} are installed.", packages.count));
    }
    if let Some(updates) = &report.updates {
        let as_of = updates.as_of.map_or_else(String::new, |at| format!(", by lists of {}", minute(at)));
        let security = if updates.security > 0 {
            format!(", {} of them for security", updates.security)
        } else {
            String::new()
        };
        sentences
            .push(format!("{} can be installed{security}{as_of}.", plural(updates.count.into(), "update")));
    }
    if let Some(reboot) = report.reboot.as_ref().filter(|reboot| reboot.required) {
        let mut why = text::one_line(&reboot.reasons.join("; "), 300);
        if !reboot.packages.is_empty() {
            why = format!("{why} ({})", some(reboot.packages.iter().map(String::as_str)));
        }
        sentences.push(format!("The host must be restarted: {why}."));
    }
    sentences
}

/// What became of packages, one line each.
pub(super) fn packages(report: &SystemReport) -> Vec<Value> {
    let Some(packages) = &report.packages else { return vec![] };
    let line = |kind: &str, name: &str, note: String| json!({ "kind": kind, "name": text::one_line(name, 120), "note": text::one_line(&note, 200) });
    let added = packages.added.iter().map(|(name, version)| line("added", name, version.clone()));
    let updated = packages
        .updated
        .iter()
        .map(|(name, versions)| line("updated", name, format!("{} -> {}", versions.from, versions.to)));
    let removed = packages.removed.iter().map(|(name, version)| line("removed", name, version.clone()));
    let mut lines: Vec<Value> = added.chain(updated).chain(removed).take(PACKAGES).collect();
    if packages.changes() > PACKAGES {
        lines.push(line("and", &format!("{} more", packages.changes() - PACKAGES), "see report.json".into()));
    }
    lines
}

fn files(report: &SystemReport) -> String {
    if report.is_first() {
        return format!(
            "{} watched from now on.",
            match report.files.len() {
                1 => "1 file is".to_owned(),
                count => format!("{count} files are"),
            }
        );
    }
    let count = |kind| worth_telling(report).filter(|change| change.kind == kind).count();
    let counted = counts([
        (count(ChangeKind::Modified), "modified"),
        (count(ChangeKind::Added), "added"),
        (count(ChangeKind::Removed), "removed"),
    ]);
    let watched = report.files.len();
    if counted.is_empty() {
        format!("None of {} changed.", plural(watched as u64, "watched file"))
    } else {
        format!("Files: {counted}; {watched} are watched.")
    }
}

/// Who owns a file and who may read it is told apart: it is easily overlooked, and matters most.
fn ownership(report: &SystemReport) -> Vec<String> {
    let changed: Vec<String> =
        report.news().iter().filter_map(|change| ownership_of(report, change)).collect();
    let left_out = changed.len().saturating_sub(NAMED);
    let mut named: Vec<String> = changed.into_iter().take(NAMED).collect();
    if left_out > 0 {
        named.push(format!("{left_out} more files have another owner or mode."));
    }
    named
}

fn ownership_of(report: &SystemReport, change: &Change) -> Option<String> {
    let note = ownership_note(entry(report, change), change)?;
    Some(format!("{}: {note}.", text::one_line(&change.path, 200)))
}

/// `mode 0644 -> 0600, owner root:root -> www-data:www-data`, where one of them changed.
pub(super) fn ownership_note(entry: Option<&FileEntry>, change: &Change) -> Option<String> {
    let now = |of: fn(&FileEntry) -> Option<&String>| entry.and_then(of).map_or("unknown", String::as_str);
    let mode = change
        .mode_before
        .as_ref()
        .map(|before| format!("mode {before} -> {}", now(|entry| entry.mode.as_ref())));
    let owner = change
        .owner_before
        .as_ref()
        .map(|before| format!("owner {before} -> {}", now(|entry| entry.owner.as_ref())));
    let notes: Vec<String> =
        [mode, owner].into_iter().flatten().filter(|_| change.kind == ChangeKind::Modified).collect();
    (!notes.is_empty()).then(|| text::one_line(&notes.join(", "), 300))
}

/// What the manifest says of the file; it is in order of path.
pub(super) fn entry<'r>(report: &'r SystemReport, change: &Change) -> Option<&'r FileEntry> {
    report.files.iter().find(|file| file.path == change.path)
}

fn unreadable(report: &SystemReport) -> Option<String> {
    let unreadable: Vec<&str> = report
        .files
        .iter()
        .filter(|file| file.state == FileState::Unreadable)
        .map(|file| file.path.as_str())
        .collect();
    (!unreadable.is_empty()).then(|| format!("Not readable: {}.", some(unreadable.into_iter())))
}

fn muted(report: &SystemReport) -> Option<String> {
    let muted: Vec<&str> =
        report.files.iter().filter(|file| file.muted).map(|file| file.path.as_str()).collect();
    (!muted.is_empty())
        .then(|| format!("Muted, because the content changes in every report: {}.", some(muted.into_iter())))
}

fn some<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let left_out = names.len().saturating_sub(NAMED);
    let named: Vec<String> = names.take(NAMED).map(|name| text::one_line(name, 120)).collect();
    if left_out > 0 { format!("{} and {left_out} more", named.join(", ")) } else { named.join(", ") }
}

/// `2 added, 1 removed`; empty if nothing was.
fn counts(of: [(usize, &str); 3]) -> String {
    let counted = of.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    counted.collect::<Vec<_>>().join(", ")
}
