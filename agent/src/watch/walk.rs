//! Finding the watched files. Walks from the fixed part of each glob; never through a link, so that it ends.
//!
//! What is not there any more is simply not found. What is there and cannot be looked into is named, and remembered as unseen: of what was
//! known below it nobody can say that it was removed.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use globset::GlobSet;
use mailbeat_shared::wire::limits;

use super::{Include, Watched, permission};
use crate::os;

/// Directories deeper than this below the fixed part of a glob are named and not entered.
const DEPTH: usize = 32;
/// Most directory entries looked at in all, whether they match or not.
const ENTRIES: usize = 500_000;

/// Something to put into the snapshot.
pub(super) struct Found {
    /// The fixed part it was found from; links above and in it are the configuration's business.
    pub(super) root: PathBuf,
    pub(super) path: PathBuf,
    /// Named in the configuration letter by letter, not by a glob or as part of a directory.
    pub(super) by_name: bool,
    /// What the name says, a link itself if it is one; or why it cannot be told.
    pub(super) metadata: io::Result<Metadata>,
}

impl Found {
    /// The path without links: those of the fixed part are resolved, and below it none was followed.
    pub(super) fn real_path(&self) -> PathBuf {
        let below = self.path.strip_prefix(&self.root).unwrap_or(&self.path);
        std::fs::canonicalize(&self.root).map_or_else(|_| self.path.clone(), |root| root.join(below))
    }
}

struct Walk<'w> {
    include: &'w Include,
    exclude: &'w GlobSet,
    deadline: Instant,
    found: &'w mut BTreeMap<PathBuf, Found>,
    watched: &'w mut Watched,
    entries: &'w mut usize,
}

/// Everything that is watched and there, by path.
pub(super) fn find(
    includes: &[Include],
    exclude: &GlobSet,
    deadline: Instant,
    watched: &mut Watched,
) -> BTreeMap<PathBuf, Found> {
    let mut found = BTreeMap::new();
    let mut entries = 0;
    for include in includes {
        Walk { include, exclude, deadline, found: &mut found, watched, entries: &mut entries }.start();
    }
    found
}

impl Walk<'_> {
    fn start(&mut self) {
        let include = self.include;
        let root = &include.root;
        // The fixed part may lead through links: the configuration names it, and a file named may be a link itself.
        let metadata =
            if include.glob.is_some() { std::fs::metadata(root) } else { std::fs::symlink_metadata(root) };
        match metadata {
            Ok(metadata) if metadata.is_dir() => self.directory(root, 0),
            Ok(metadata) if include.glob.is_none() => self.add(root.clone(), true, Ok(metadata)),
            Err(error) if !is_gone(&error) => self.unreached(root, error),
            // Not there: the next report's "removed" says so, and files may well be optional.
            Ok(_) | Err(_) => {}
        }
    }

    fn directory(&mut self, directory: &Path, depth: usize) {
        if depth > DEPTH {
            self.watched.problem(format!(
                "{}: deeper than {DEPTH} directories, not entered",
                os::encode_path(directory)
            ));
            return;
        }
        let listing = match std::fs::read_dir(directory) {
            Ok(listing) => listing,
            Err(error) => return self.unlisted(directory, error),
        };
        // In order of name, so that a truncated list is the same one every time.
        let mut names: Vec<(PathBuf, bool)> = Vec::new();
        for entry in listing {
            *self.entries += 1;
            match entry {
                // What a name is the listing itself often says, also where nothing more can be learned of it.
                Ok(entry) if *self.entries <= ENTRIES => {
                    let is_plain = entry.file_type().is_ok_and(|kind| !kind.is_dir());
                    names.push((entry.path(), is_plain));
                }
                Ok(_) => break,
                Err(error) => self.unlisted(directory, error),
            }
        }
        names.sort();
        for (path, is_plain) in names {
            if self.is_over(&path) {
                return;
            }
            if !self.exclude.is_match(&path) {
                self.entry(path, is_plain, depth);
            }
        }
    }

    fn entry(&mut self, path: PathBuf, is_plain: bool, depth: usize) {
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.directory(&path, depth + 1),
            Err(error) if is_gone(&error) => {}
            // For all that is known it is a directory.
            Err(error) if !is_plain => self.unlisted(&path, error),
            metadata => {
                if self.include.glob.as_ref().is_none_or(|glob| glob.is_match(&path)) {
                    self.add(path, false, metadata);
                }
            }
        }
    }

    /// Whether a limit ends the walk; says so once, with the first path that is missing.
    fn is_over(&mut self, next: &Path) -> bool {
        let why = if *self.entries > ENTRIES {
            format!("more than {ENTRIES} directory entries were looked at")
        } else if Instant::now() >= self.deadline {
            format!("looking for files took longer than {} s", super::TIME_BUDGET.as_secs())
        } else {
            return false;
        };
        self.truncated(next, &why);
        true
    }

    fn truncated(&mut self, next: &Path, why: &str) {
        self.watched.truncated = true;
        let sentence = format!("not all files are watched: {why}; narrow the globs");
        if !self.watched.problems.iter().any(|said| said.starts_with(&sentence)) {
            self.watched.problem(format!("{sentence}. The first one left out: {}", os::encode_path(next)));
        }
    }

    /// A directory whose files, or some of them, stay unknown.
    fn unlisted(&mut self, directory: &Path, error: io::Error) {
        if is_gone(&error) {
            return;
        }
        let place = os::encode_path(directory);
        self.watched.unseen.insert(place.clone());
        if error.kind() == io::ErrorKind::PermissionDenied {
            self.watched.unreadable.push(permission::missing(directory, true, &error));
            self.add(directory.to_owned(), false, Err(error));
        } else {
            self.watched.problem(format!("{place}: {error}"));
        }
    }

    /// A fixed part that may be there and cannot be looked at. Without a glob it may be the file that is meant.
    fn unreached(&mut self, root: &Path, error: io::Error) {
        let by_name = self.include.glob.is_none();
        let place = os::encode_path(root);
        // What is not permitted is said when it is read, with the command that would allow it.
        let is_said = error.kind() == io::ErrorKind::PermissionDenied;
        if !is_said {
            self.watched.problem(format!("{place}: {error}"));
        }
        self.watched.unseen.insert(place);
        if by_name || is_said {
            self.add(root.to_owned(), by_name, Err(error));
        }
    }

    fn add(&mut self, path: PathBuf, by_name: bool, metadata: io::Result<Metadata>) {
        if self.exclude.is_match(&path) {
            return;
        }
        if self.found.len() >= limits::WATCHED_FILES && !self.found.contains_key(&path) {
            let why = format!("{} watched files are the most a report holds", limits::WATCHED_FILES);
            return self.truncated(&path, &why);
        }
        if os::encode_path(&path).len() > limits::PATH_BYTES {
            let start: String = os::encode_path(&path).chars().take(200).collect();
            self.watched.problem(format!(
                "{start}...: the path is longer than {} bytes, not watched",
                limits::PATH_BYTES
            ));
            return;
        }
        // A file named exactly has no directory of the walk above it: its own directory is the root.
        let root = if path == self.include.root {
            path.parent().unwrap_or(&path).to_owned()
        } else {
            self.include.root.clone()
        };
        match self.found.get_mut(&path) {
            Some(known) => known.by_name |= by_name,
            None => drop(self.found.insert(path.clone(), Found { root, path, by_name, metadata })),
        }
    }
}

/// There is nothing of this name, or what should hold it is no directory.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
