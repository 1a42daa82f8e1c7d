//! The snapshot after a report: the receiver's half. Pure.
//!
//! Manifest and changes come from outside. A change that does not fit what is held, and a manifest that its changes contradict, are
//! errors that name the file; what is held stays as it was.

use std::collections::BTreeMap;

use diffy::{Line, Patch};

use super::{Change, ChangeKind, FileEntry, FileState, Snapshot, WatchedFile};

/// A change that does not fit what is held.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ApplyError {
    /// The change starts from content that is not the content held.
    #[error("{path}: the change starts from another version than the one held")]
    OtherBase {
        /// The file.
        path: String,
    },
    /// The diff is malformed or its context is not there.
    #[error("{path}: the diff does not apply")]
    DiffDoesNotApply {
        /// The file.
        path: String,
    },
    /// Manifest and changes contradict each other.
    #[error("{path}: {what}")]
    Contradiction {
        /// The file.
        path: String,
        /// What contradicts what.
        what: &'static str,
    },
}

/// The snapshot after a report: `files` is its manifest, `changes` what it says of `old`.
///
/// # Errors
/// [`ApplyError`] where a change does not start from what `old` holds, a diff does not apply, or manifest and changes
/// contradict each other. `old` is untouched then, and nothing of the report should be believed about the files.
pub fn apply(old: &Snapshot, files: &[FileEntry], changes: &[Change]) -> Result<Snapshot, ApplyError> {
    let by_path: BTreeMap<&str, &Change> =
        changes.iter().map(|change| (change.path.as_str(), change)).collect();
    let mut new = Snapshot::new();
    for entry in files {
        let was = old.get(&entry.path);
        let text = match by_path.get(entry.path.as_str()) {
            Some(change) => changed_text(change, was)?,
            None => was
                .ok_or_else(|| {
                    contradiction(&entry.path, "is in the manifest, was not before, and is no change")
                })?
                .text
                .clone(),
        };
        let text = text.filter(|_| entry.state == FileState::Text);
        if text.is_none() && entry.state == FileState::Text {
            return Err(contradiction(&entry.path, "is text, and its text is neither sent nor held"));
        }
        new.insert(entry.path.clone(), WatchedFile { entry: entry.clone(), text });
    }
    for change in changes {
        if (change.kind == ChangeKind::Removed) == new.contains_key(&change.path) {
            return Err(contradiction(&change.path, "manifest and changes disagree on whether it is there"));
        }
    }
    Ok(new)
}

fn contradiction(path: &str, what: &'static str) -> ApplyError {
    ApplyError::Contradiction { path: path.to_owned(), what }
}

fn changed_text(change: &Change, was: Option<&WatchedFile>) -> Result<Option<String>, ApplyError> {
    if was.is_some() != (change.kind == ChangeKind::Modified) {
        return Err(contradiction(&change.path, "added though it was there, or modified though it was not"));
    }
    if was.and_then(|was| was.entry.digest) != change.before {
        return Err(ApplyError::OtherBase { path: change.path.clone() });
    }
    let held = was.and_then(|was| was.text.as_deref());
    match (&change.diff, &change.text) {
        (Some(_), Some(_)) => Err(contradiction(&change.path, "both a diff and a text")),
        (None, Some(text)) => Ok(Some(text.clone())),
        (None, None) => Ok(held.map(str::to_owned)),
        (Some(diff), None) => {
            let fails = || ApplyError::DiffDoesNotApply { path: change.path.clone() };
            let patch = Patch::from_str(diff).map_err(|_| fails())?;
            patched(held.ok_or_else(fails)?, &patch).map(Some).ok_or_else(fails)
        }
    }
}

/// The text after a patch, each hunk of which fits where it says it stands. Looking for another place would be a guess, and one that a
/// sender can make as long as the text times the patch.
fn patched(text: &str, patch: &Patch<'_, str>) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (mut new, mut at) = (String::with_capacity(text.len()), 0);
    for hunk in patch.hunks() {
        let old = hunk.old_range();
        // A range without lines names the line before it.
        let start = if old.is_empty() { old.start() } else { old.start().checked_sub(1)? };
        new.extend(lines.get(at..start)?.iter().copied());
        at = start;
        for line in hunk.lines() {
            match line {
                Line::Insert(line) => new.push_str(line),
                Line::Context(line) | Line::Delete(line) if lines.get(at) != Some(line) => return None,
                Line::Context(line) => {
                    new.push_str(line);
                    at += 1;
                }
                Line::Delete(_) => at += 1,
            }
        }
    }
    new.extend(lines.get(at..)?.iter().copied());
    Some(new)
}
