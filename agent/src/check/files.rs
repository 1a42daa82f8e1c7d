//! Files by globs, for the kinds that look at files.
//!
//! As with watched files, links inside a glob are not followed, so that nobody who may write there can point elsewhere; a path
//! written letter by letter may be a link.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mailbeat_shared::wire::check::CheckState;
use serde::Deserialize;

use crate::os;
use crate::watch::{self, Include, permission};

/// Most directory entries one look goes through.
const ENTRIES: usize = 200_000;
/// Directories deeper than this below the fixed part of a glob are not entered.
const DEPTH: usize = 32;
/// Most files one look finds.
const FILES: usize = 50_000;

/// One glob or several; a directory stands for everything below it.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Globs(Vec<Include>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "`files` must be a glob or a list of globs")]
enum Written {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<Written> for Globs {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let globs = match written {
            Written::One(glob) => vec![glob],
            Written::Several(globs) if !globs.is_empty() => globs,
            Written::Several(_) => return Err("`files` names no file".into()),
        };
        globs.iter().map(|glob| watch::include(glob)).collect::<Result<_, _>>().map(Self)
    }
}

/// What it means where no file is there.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Missing {
    Ok,
    Warning,
    Critical,
    Unknown,
}

impl Missing {
    pub(super) fn state(self) -> CheckState {
        match self {
            Self::Ok => CheckState::Ok,
            Self::Warning => CheckState::Warning,
            Self::Critical => CheckState::Critical,
            Self::Unknown => CheckState::Unknown,
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Regular files, in order of path.
    pub(super) files: Vec<(PathBuf, Metadata)>,
    /// What could not be looked at, one sentence each.
    pub(super) problems: Vec<String>,
    entries: usize,
}

/// Opens a file that others may write for reading; nothing but a regular file, and never one that blocks. The path may be a link.
///
/// # Errors
/// That of the system, also where the path is no regular file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let path = std::fs::canonicalize(path)?;
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"));
    };
    os::open_beneath(directory, Path::new(name)).map(|opened| opened.file)
}

impl Globs {
    /// Everything that is there.
    pub(super) fn find(&self, deadline: Instant) -> Found {
        let mut found = Found::default();
        for include in &self.0 {
            let named = if include.glob.is_some() {
                std::fs::symlink_metadata(&include.root)
            } else {
                std::fs::metadata(&include.root)
            };
            match named {
                Ok(metadata) if metadata.is_dir() => found.directory(include, &include.root, 0, deadline),
                Ok(metadata) if metadata.is_file() && include.glob.is_none() => {
                    found.files.push((include.root.clone(), metadata));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    found.blocked(&include.root, include.glob.is_some(), &error);
                }
                Ok(_) | Err(_) => {}
            }
        }
        found.files.sort_by(|a, b| a.0.cmp(&b.0));
        found.files.dedup_by(|a, b| a.0 == b.0);
        found
    }
}

impl Found {
    fn directory(&mut self, include: &Include, directory: &Path, depth: usize, deadline: Instant) {
        let listing = match std::fs::read_dir(directory) {
            Ok(listing) => listing,
            Err(error) => return self.blocked(directory, true, &error),
        };
        for entry in listing.flatten() {
            self.entries += 1;
            let over = self.entries > ENTRIES || self.files.len() >= FILES || Instant::now() >= deadline;
            if over || depth > DEPTH {
                let sentence = "not everything was looked at, there is too much; narrow the globs";
                if !self.problems.iter().any(|said| said == sentence) {
                    self.problems.push(sentence.into());
                }
                return;
            }
            let path = entry.path();
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => self.directory(include, &path, depth + 1, deadline),
                Ok(metadata) if metadata.is_file() => {
                    if include.glob.as_ref().is_none_or(|glob| glob.is_match(&path)) {
                        self.files.push((path, metadata));
                    }
                }
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Says what is not readable, and what would allow it.
    pub(super) fn blocked(&mut self, path: &Path, list: bool, error: &io::Error) {
        self.problems.push(if error.kind() == io::ErrorKind::PermissionDenied {
            let missing = permission::missing(path, list, error);
            format!("{}: {}; to allow it: {}", missing.path, missing.why, missing.fix)
        } else {
            format!("{}: {error}", os::encode_path(path))
        });
    }
}
