//! The agent's own secrets: the files its configuration names, and its state directory. None of them is read for a report, however it was
//! found, also where somebody names it.
//!
//! A password that is alone in its file has no shape by which redaction could know it, so the file is known by its place: by its path, by
//! where that path leads, and, where the system can tell, by what it is on the disk under whatever name. What cannot be resolved is known
//! by its path alone.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::deny;
use super::walk::Found;
use crate::os;

/// What is the agent's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The files with secrets that its configuration names.
    pub secrets: Vec<PathBuf>,
    /// Where its keys, its tokens and its reports are.
    pub state_dir: PathBuf,
}

/// The same as it is on the disk now.
pub(super) struct OnDisk {
    secrets: Vec<PathBuf>,
    ids: Vec<(u64, u64)>,
    directories: Vec<PathBuf>,
}

impl OnDisk {
    /// Looks where the paths lead.
    pub(super) fn of(own: &Own) -> Self {
        let id = |path: &PathBuf| os::file_id(&std::fs::metadata(path).ok()?);
        Self {
            secrets: own.secrets.iter().flat_map(|path| spellings(path)).collect(),
            ids: own.secrets.iter().filter_map(id).collect(),
            directories: spellings(&own.state_dir).collect(),
        }
    }

    /// What the file is, if it is one of them.
    pub(super) fn what(&self, found: &Found, metadata: &Metadata) -> Option<&'static str> {
        let paths = [found.path.clone(), found.real_path()];
        let is_linked = os::file_id(metadata).is_some_and(|id| self.ids.contains(&id));
        let is_secret = |path: &PathBuf| self.secrets.iter().any(|secret| deny::is_or_was(path, secret));
        if is_linked || paths.iter().any(is_secret) {
            return Some("a secret of the agent's own");
        }
        let is_inside = |path: &PathBuf| self.directories.iter().any(|directory| path.starts_with(directory));
        paths.iter().any(is_inside).then_some("the agent's own state")
    }
}

/// The path as it is written, and as it is where it leads. None of nothing: everything would begin with that.
fn spellings(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    [std::path::absolute(path).ok(), std::fs::canonicalize(path).ok()].into_iter().flatten()
}
