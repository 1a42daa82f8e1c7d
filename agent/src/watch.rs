//! The watched configuration files: found by glob, read without following links, redacted, and only then kept.
//!
//! Trusts neither names nor contents: whoever may write into a watched directory can put links, pipes, huge files and
//! other people's encodings there. Nothing fails as a whole: what cannot be read stands in the snapshot with the
//! reason, and in [`Watched::unreadable`] with the command that would allow it.

mod decode;
mod deny;
mod own;
pub(crate) mod permission;
mod read;
mod rules;
mod volatile;
mod walk;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use mailbeat_shared::text;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

pub use own::Own;
pub use rules::{Mode, WatchRule};

use crate::redact::Redactor;

/// How long collecting watched files may take; with what the inventory may take it makes a minute.
pub const TIME_BUDGET: std::time::Duration = std::time::Duration::from_secs(40);
/// Most sentences in [`Watched::problems`]; the rest is counted.
const PROBLEMS: usize = 50;

/// Which files are watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchConfig {
    /// Absolute globs (`/etc/nginx/**/*.conf`); a directory stands for everything below it. `*` ends at a slash.
    pub include: Vec<String>,
    /// Globs of what is left out all the same.
    pub exclude: Vec<String>,
    /// Larger files are named with their size only. At most [`limits::WATCHED_FILE_BYTES`].
    pub max_file_bytes: u64,
    /// Whether dates of writing, counters and the like, as usual programs write them, are left out of texts.
    pub builtin_volatile: bool,
    /// A file that changed in so many system reports in a row is muted: only its digest is sent. 0: none is.
    pub mute_after: u32,
    /// A muted file that did not change in so many reports in a row is told in full again.
    pub unmute_after: u32,
    /// How the files that match are told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<WatchRule>,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            max_file_bytes: limits::WATCHED_FILE_BYTES,
            builtin_volatile: true,
            mute_after: 5,
            unmute_after: 3,
            rule: Vec::new(),
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Every watched file, redacted, by encoded path.
    pub snapshot: Snapshot,
    /// What was left out or went wrong: sentences for people.
    pub problems: Vec<String>,
    /// What the agent may not read, and how to allow it.
    pub unreadable: Vec<Unreadable>,
    /// Paths of files whose changed text travels whole.
    pub whole: BTreeSet<String>,
    /// The list of files itself was cut: a file that is not in the snapshot may be there all the same, so nothing may
    /// be called removed.
    pub truncated: bool,
    /// Places, as they are written in the snapshot, that could not be looked into: what is below them may be there all the same.
    pub unseen: BTreeSet<String>,
}

/// A file or directory the agent may not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The path as it is written in the snapshot.
    pub path: String,
    /// What the system said.
    pub why: String,
    /// The exact command that would allow it.
    pub fix: String,
}

/// One include: where to start, and what matches there.
pub(crate) struct Include {
    /// The longest part without glob characters.
    pub(crate) root: PathBuf,
    /// `None`: the root itself, and everything below it if it is a directory.
    pub(crate) glob: Option<globset::GlobMatcher>,
}

impl WatchConfig {
    /// What is wrong with the configuration: sentences that name the glob. Empty when all is well.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.include.iter().filter_map(|glob| include(glob).err()).collect();
        faults.extend(self.exclude.iter().filter_map(|glob| compile(glob).err()));
        faults.extend(self.rule.iter().flat_map(WatchRule::faults));
        if self.unmute_after == 0 {
            faults.push("unmute_after must be at least 1".into());
        }
        if self.max_file_bytes > limits::WATCHED_FILE_BYTES {
            faults.push(format!(
                "max_file_bytes = {} is more than a watched file may have ({})",
                self.max_file_bytes,
                limits::WATCHED_FILE_BYTES
            ));
        }
        faults
    }
}

/// Finds, reads and redacts the watched files, but none that is the agent's `own`. What is not done by `deadline` stands in the
/// snapshot as omitted; one read that hangs (a dead network filesystem) is not interrupted.
#[must_use]
pub fn watch(
    config: &WatchConfig,
    own: &Own,
    redactor: &Redactor,
    fingerprint_key: &[u8],
    deadline: Instant,
) -> Watched {
    let mut watched = Watched { problems: config.faults(), ..Watched::default() };
    let includes: Vec<Include> = config.include.iter().filter_map(|glob| include(glob).ok()).collect();
    let exclude = excludes(&config.exclude);
    let found = walk::find(&includes, &exclude, deadline, &mut watched);
    watched.unseen = watched.unseen.iter().map(|place| redactor.disguise(place).into_owned()).collect();
    let reader = read::Reader::new(config, own, redactor, fingerprint_key, deadline);
    for found in found.into_values() {
        reader.read(&found, &mut watched);
    }
    watched.close();
    watched
}

impl Watched {
    fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    fn close(&mut self) {
        let left_out = self.problems.len().saturating_sub(PROBLEMS);
        self.problems.truncate(PROBLEMS);
        if left_out > 0 {
            self.problems.push(format!("and {left_out} more of the kind"));
        }
        for problem in &mut self.problems {
            *problem = text::one_line(problem, limits::OUTPUT_BYTES);
        }
    }
}

/// Where a glob starts: everything before the first part with a glob character.
pub(crate) fn include(glob: &str) -> Result<Include, String> {
    let path = PathBuf::from(glob);
    if !path.is_absolute() || path.components().any(|part| part == std::path::Component::ParentDir) {
        return Err(format!("{glob:?} is not taken: write an absolute path without \"..\""));
    }
    let magic = |part: &std::path::Component<'_>| {
        part.as_os_str().as_encoded_bytes().iter().any(|c| b"*?[]{}".contains(c))
    };
    let root: PathBuf = path.components().take_while(|part| !magic(part)).collect();
    if root == path {
        return Ok(Include { root, glob: None });
    }
    Ok(Include { root, glob: Some(compile(glob)?.compile_matcher()) })
}

fn compile(glob: &str) -> Result<Glob, String> {
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    built.map_err(|error| format!("{glob:?} is no glob: {}", error.kind()))
}

fn excludes(globs: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in globs.iter().filter_map(|glob| compile(glob).ok()) {
        set.add(glob);
    }
    set.build().unwrap_or_default()
}

/// The text of a file, as watching reads it; `None` if it is none.
#[must_use]
pub fn text_of(bytes: &[u8]) -> Option<String> {
    decode::decode(bytes).map(|(text, _)| text)
}

/// The first eight hexadecimal digits of a keyed digest: a name that means something on this system only.
fn pseudonym(key: &[u8], of: &str) -> String {
    Digest::keyed(key, of.as_bytes()).as_bytes()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
