//! What differs between two snapshots: the agent's half. Pure.
//!
//! Both snapshots are this host's own, redacted before they came here. Texts too different to be compared cheaply travel whole, so
//! there is nothing that can fail.

use std::collections::BTreeMap;

use super::{Change, ChangeKind, FileEntry, Snapshot, WatchedFile};

/// What happened between two snapshots, in order of path. A changed text travels whole where `whole` says so of its path, else
/// as a diff.
#[must_use]
pub fn diff(old: &Snapshot, new: &Snapshot, whole: impl Fn(&str) -> bool) -> Vec<Change> {
    let removed = old.iter().filter(|(path, _)| !new.contains_key(*path)).map(|(path, was)| Change {
        path: path.clone(),
        kind: ChangeKind::Removed,
        before: was.entry.digest,
        after: None,
        diff: None,
        text: None,
        owner_before: None,
        mode_before: None,
    });
    let changed = |(path, is): (&String, &WatchedFile)| change(path, old.get(path), is, whole(path));
    let mut changes: Vec<Change> = new.iter().filter_map(changed).chain(removed).collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn change(path: &str, was: Option<&WatchedFile>, is: &WatchedFile, whole: bool) -> Option<Change> {
    if was.is_some_and(|was| was.text == is.text && is_as_it_was(&is.entry, &was.entry)) {
        return None;
    }
    let (diff, text) = match (was.and_then(|was| was.text.as_deref()), is.text.as_deref()) {
        (Some(old), Some(new)) if old == new => (None, None),
        (Some(_), Some(new)) if whole => (None, Some(new.to_owned())),
        (Some(old), Some(new)) => shorter(old, new),
        (None, Some(new)) => (None, Some(new.to_owned())),
        (_, None) => (None, None),
    };
    Some(Change {
        path: path.to_owned(),
        kind: if was.is_some() { ChangeKind::Modified } else { ChangeKind::Added },
        before: was.and_then(|was| was.entry.digest),
        after: is.entry.digest,
        diff,
        text,
        owner_before: was
            .and_then(|was| was.entry.owner.clone().filter(|_| was.entry.owner != is.entry.owner)),
        mode_before: was.and_then(|was| was.entry.mode.clone().filter(|_| was.entry.mode != is.entry.mode)),
    })
}

/// A diff, because it shows what changed; the whole text where a long diff would be no shorter.
fn shorter(old: &str, new: &str) -> (Option<String>, Option<String>) {
    const SHORT: usize = 4 * 1024;
    if !worth_comparing(old, new) {
        return (None, Some(new.to_owned()));
    }
    let patch = diffy::create_patch(old, new).to_string();
    if patch.len() < new.len().max(SHORT) { (Some(patch), None) } else { (None, Some(new.to_owned())) }
}

/// Comparing costs (lines x differing lines); two large texts with little in common are not worth it.
fn worth_comparing(old: &str, new: &str) -> bool {
    const SMALL: usize = 2_000;
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    old.lines().for_each(|line| *lines.entry(line).or_default() += 1);
    let (mut total, mut common) = (0_usize, 0_usize);
    for line in new.lines() {
        total += 1;
        if let Some(left) = lines.get_mut(line).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    total < SMALL || common * 2 > total
}

/// Whether nothing is worth a change: all is equal but the size of content with an equal digest.
fn is_as_it_was(is: &FileEntry, was: &FileEntry) -> bool {
    let size = if is.digest.is_some() && is.digest == was.digest { is.size } else { was.size };
    *is == FileEntry { size, ..was.clone() }
}
