//! Finding the watched files. Walks from the fixed part of each glob; never through a link, so that it ends.

use std::collections::BTreeMap;
use std::fs::Metadata;
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
    pub(super) metadata: Result<Metadata, std::io::Error>,
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
        let root = &self.include.root;
        // The fixed part may lead through links: the configuration names it, and a file named may be a link itself.
        let metadata = if self.include.glob.is_some() {
            std::fs::metadata(root)
        } else {
            std::fs::symlink_metadata(root)
        };
        match metadata {
            Ok(metadata) if metadata.is_dir() => self.directory(&root.clone(), 0),
            Ok(metadata) if self.include.glob.is_none() => self.add(root.clone(), true, Ok(metadata)),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                self.add(root.clone(), self.include.glob.is_none(), Err(error));
            }
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
        let mut names: Vec<PathBuf> = Vec::new();
        for entry in listing {
            *self.entries += 1;
            match entry {
                Ok(entry) if *self.entries <= ENTRIES => names.push(entry.path()),
                Ok(_) => break,
                Err(error) => self.watched.problem(format!("{}: {error}", os::encode_path(directory))),
            }
        }
        names.sort();
        for path in names {
            if self.is_over(&path) {
                return;
            }
            if !self.exclude.is_match(&path) {
                self.entry(path, depth);
            }
        }
    }

    fn entry(&mut self, path: PathBuf, depth: usize) {
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => self.directory(&path, depth + 1),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
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

    fn unlisted(&mut self, directory: &Path, error: std::io::Error) {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            self.watched.unreadable.push(permission::missing(directory, true, &error));
            self.add(directory.to_owned(), false, Err(error));
        } else if error.kind() != std::io::ErrorKind::NotFound {
            self.watched.problem(format!("{}: {error}", os::encode_path(directory)));
        }
    }

    fn add(&mut self, path: PathBuf, by_name: bool, metadata: Result<Metadata, std::io::Error>) {
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
