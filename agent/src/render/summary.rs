//! A system report in a few sentences: what a person wants to know before the details.
//!
//! Sentences are made in English and said in the reader's language, as those that reports hold.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SystemReport;
use mailbeat_shared::wire::snapshot::{Change, ChangeKind, FileEntry, FileState};
use serde_json::Value;

use super::diffs::row;
use super::words::{Thing, Verdict, Words};

/// Most paths named in one sentence.
const NAMED: usize = 5;
/// Most packages listed.
const PACKAGES: usize = 60;

/// The verdict in one line.
pub(super) fn title(report: &SystemReport, words: &dyn Words) -> String {
    let mut parts = Vec::new();
    let changes = worth_telling(report).count() as u64;
    let packages = report.packages.as_ref().map_or(0, |packages| packages.changes()) as u64;
    if report.is_first() {
        parts.push(words.counted(report.files.len() as u64, Thing::FileWatched));
    } else if changes > 0 {
        parts.push(words.counted(changes, Thing::Change));
    }
    if packages > 0 {
        parts.push(words.counted(packages, Thing::PackageChanged));
    }
    if parts.is_empty() {
        parts.push(words.verdict(Verdict::NothingChanged).to_owned());
    }
    if needs_restart(report) {
        parts.push(words.verdict(Verdict::RestartRequired).to_owned());
    }
    if !report.truncated.is_empty() {
        parts.push(words.counted(report.truncated.len() as u64, Thing::Problem));
    }
    parts.join(", ")
}

/// Whether the host says that it must be restarted.
pub(super) fn needs_restart(report: &SystemReport) -> bool {
    report.reboot.as_ref().is_some_and(|reboot| reboot.required)
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
pub(super) fn summary(report: &SystemReport, words: &dyn Words) -> Vec<String> {
    let mut sentences = vec![words.said(&files(report))];
    sentences.extend(ownership(report, words));
    let unreadable = paths(report, |file| file.state == FileState::Unreadable, words);
    sentences.extend(unreadable.map(|paths| words.said(&format!("Not readable: {paths}."))));
    let muted = paths(report, |file| file.muted, words);
    sentences.extend(
        muted.map(|paths| {
            words.said(&format!("Muted, because the content changes in every report: {paths}."))
        }),
    );
    if let Some(packages) = report.packages.as_ref().filter(|packages| packages.changes() > 0) {
        let counted = counts([
            (packages.added.len(), "added"),
            (packages.updated.len(), "updated"),
            (packages.removed.len(), "removed"),
        ]);
        sentences.push(words.said(&format!("Packages: {counted}; installed: {}.", packages.count)));
    }
    sentences.extend(updates(report, words));
    sentences.extend(restart(report, words));
    sentences
}

fn updates(report: &SystemReport, words: &dyn Words) -> Option<String> {
    let updates = report.updates.as_ref()?;
    let security = (updates.security > 0).then(|| format!("{} of them for security", updates.security));
    let as_of = updates.as_of.map(|at| format!("by lists of {}", words.locale().minute(at)));
    let mut parts = vec![words.counted(updates.count.into(), Thing::Update)];
    parts.extend([security, as_of].into_iter().flatten().map(|part| words.said(&part)));
    Some(format!("{}.", parts.join(", ")))
}

fn restart(report: &SystemReport, words: &dyn Words) -> Option<String> {
    let reboot = report.reboot.as_ref().filter(|reboot| reboot.required)?;
    let reasons: Vec<String> = reboot.reasons.iter().map(|reason| words.said(reason)).collect();
    let mut why = text::one_line(&reasons.join("; "), 300);
    if !reboot.packages.is_empty() {
        why = format!("{why} ({})", some(reboot.packages.iter().map(String::as_str), words));
    }
    Some(words.said(&format!("The host must be restarted: {why}.")))
}

/// What became of packages, one row each.
pub(super) fn packages(report: &SystemReport, words: &dyn Words) -> Vec<Value> {
    let Some(packages) = &report.packages else { return vec![] };
    let line = |kind: &str, mark: &str, said: &str, name: &str, note: &str| {
        row(kind, mark, said, &text::one_line(name, 120), &text::one_line(note, 200))
    };
    let (added, removed) = (words.change(ChangeKind::Added), words.change(ChangeKind::Removed));
    let updated = words.said("updated");
    let new = packages.added.iter().map(|(name, version)| line("added", "+", added, name, version));
    let other = packages.updated.iter().map(|(name, versions)| {
        line("modified", "~", &updated, name, &format!("{} \u{2192} {}", versions.from, versions.to))
    });
    let gone =
        packages.removed.iter().map(|(name, version)| line("removed", "\u{2212}", removed, name, version));
    let mut lines: Vec<Value> = new.chain(other).chain(gone).take(PACKAGES).collect();
    if packages.changes() > PACKAGES {
        let more = words.said(&format!("and {} more of the kind", packages.changes() - PACKAGES));
        lines.push(row("listed", "\u{2026}", "", &more, "report.json"));
    }
    lines
}

fn files(report: &SystemReport) -> String {
    let watched = report.files.len();
    if report.is_first() {
        return match watched {
            1 => "1 file is watched from now on.".to_owned(),
            _ => format!("{watched} files are watched from now on."),
        };
    }
    let count = |kind| worth_telling(report).filter(|change| change.kind == kind).count();
    let counted = counts([
        (count(ChangeKind::Modified), "modified"),
        (count(ChangeKind::Added), "added"),
        (count(ChangeKind::Removed), "removed"),
    ]);
    match (counted.is_empty(), watched) {
        (true, 0) => "No file is watched.".to_owned(),
        (true, 1) => "The watched file did not change.".to_owned(),
        (true, _) => format!("None of {watched} watched files changed."),
        (false, _) => format!("Files: {counted}; watched: {watched}."),
    }
}

/// Who owns a file and who may read it is told apart: it is easily overlooked, and matters most.
fn ownership(report: &SystemReport, words: &dyn Words) -> Vec<String> {
    let sentence = |change: &Change| {
        let note = ownership_note(entry(report, change), change, words)?;
        Some(format!("{}: {note}.", text::one_line(&change.path, 200)))
    };
    let changed: Vec<String> = report.news().iter().filter_map(sentence).collect();
    let left_out = changed.len().saturating_sub(NAMED);
    let mut named: Vec<String> = changed.into_iter().take(NAMED).collect();
    if left_out > 0 {
        named.push(words.said(&format!("{left_out} more files have another owner or mode.")));
    }
    named
}

/// `mode 0644 -> 0600, owner root:root -> www-data:www-data`, where one of them changed.
pub(super) fn ownership_note(
    entry: Option<&FileEntry>,
    change: &Change,
    words: &dyn Words,
) -> Option<String> {
    let now = |of: fn(&FileEntry) -> Option<&String>| entry.and_then(of).map_or("?", String::as_str);
    let told = |what: &str, before: &Option<String>, now: &str| {
        before.as_ref().map(|before| words.said(&format!("{what} {before} -> {now}")))
    };
    let mode = told("mode", &change.mode_before, now(|entry| entry.mode.as_ref()));
    let owner = told("owner", &change.owner_before, now(|entry| entry.owner.as_ref()));
    let notes: Vec<String> =
        [mode, owner].into_iter().flatten().filter(|_| change.kind == ChangeKind::Modified).collect();
    (!notes.is_empty()).then(|| text::one_line(&notes.join(", "), 300))
}

/// What the manifest says of the file; it is in order of path.
pub(super) fn entry<'r>(report: &'r SystemReport, change: &Change) -> Option<&'r FileEntry> {
    report.files.iter().find(|file| file.path == change.path)
}

/// The paths of such files, as far as one sentence names them; `None` where there are none.
fn paths(report: &SystemReport, such: fn(&FileEntry) -> bool, words: &dyn Words) -> Option<String> {
    let found: Vec<&str> =
        report.files.iter().filter(|file| such(file)).map(|file| file.path.as_str()).collect();
    (!found.is_empty()).then(|| some(found.into_iter(), words))
}

fn some<'n>(names: impl ExactSizeIterator<Item = &'n str>, words: &dyn Words) -> String {
    let left_out = names.len().saturating_sub(NAMED);
    let mut named: Vec<String> = names.take(NAMED).map(|name| text::one_line(name, 120)).collect();
    if left_out > 0 {
        named.push(words.said(&format!("and {left_out} more of the kind")));
    }
    named.join(", ")
}

/// `2 added, 1 removed`; empty if nothing was.
fn counts(of: [(usize, &str); 3]) -> String {
    let counted = of.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    counted.collect::<Vec<_>>().join(", ")
}
