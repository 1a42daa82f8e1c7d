//! What differs between two snapshots: the agent's half. Pure.
//!
//! Both snapshots are this host's own, redacted before they came here. Texts too different to be compared cheaply travel whole, so
//! there is nothing that can fail.

use std::collections::{HashMap, VecDeque};

use super::{Change, ChangeKind, FileEntry, Snapshot, WatchedFile};

/// Most lines, removed and added, by which texts differ that are compared.
const DIFFERING: usize = 4_000;

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

/// Whether two texts have enough in common: comparing takes as many steps as the square of the lines that differ.
fn worth_comparing(old: &str, new: &str) -> bool {
    let mut places: HashMap<&str, VecDeque<usize>> = HashMap::new();
    old.lines().enumerate().for_each(|(place, line)| places.entry(line).or_default().push_back(place));
    let stayed: Vec<usize> = new.lines().filter_map(|line| places.get_mut(line)?.pop_front()).collect();
    old.lines().count() + new.lines().count() - 2 * longest_rising(&stayed) <= DIFFERING
}

/// How many of the numbers a longest rising subsequence has: so many lines at least stand in both texts in the same order.
fn longest_rising(numbers: &[usize]) -> usize {
    // For each length the least number that such a subsequence can end with.
    let mut least: Vec<usize> = Vec::new();
    for number in numbers {
        let length = least.partition_point(|last| last < number);
        match least.get_mut(length) {
            Some(last) => *last = *number,
            None => least.push(*number),
        }
    }
    least.len()
}

/// Whether nothing is worth a change: all is equal but the size of content with an equal digest.
fn is_as_it_was(is: &FileEntry, was: &FileEntry) -> bool {
    let size = if is.digest.is_some() && is.digest == was.digest { is.size } else { was.size };
    *is == FileEntry { size, ..was.clone() }
}
