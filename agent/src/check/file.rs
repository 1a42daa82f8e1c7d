//! `type = "file"`: how old, how large and how many the files of a glob are: backups, spool directories, data that should come in.

use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;

use super::files::{Globs, Missing};
use super::probe::{Look, Probe, Sight};
use crate::os;

/// Its values.
pub(super) const VALUES: &[&str] =
    &["newest_age", "oldest_age", "count", "total", "largest", "smallest", "newest_size"];

/// The files to look at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    files: Globs,
    /// What it means where none is there.
    #[serde(default = "critical")]
    missing: Missing,
}

fn critical() -> Missing {
    Missing::Critical
}

impl Probe for File {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let found = self.files.find(look.deadline);
        let state = if found.files.is_empty() { self.missing.state() } else { Sight::ok("").state };
        let aged: Vec<Seen<'_>> = found.files.iter().filter_map(|file| Seen::of(file, look.now)).collect();
        let mut sight = match aged.iter().min_by(|a, b| a.age.total_cmp(&b.age)) {
            Some(newest) => tell(&aged, newest),
            None => Sight::ok("no such file is there").with("count", 0.0, "{file}").with("total", 0.0, "By"),
        };
        sight.state = state;
        if !found.problems.is_empty() {
            // What could not be looked at may be newer, older or larger than all the rest.
            sight.state = sight.state.worse(Sight::unknown("").state);
            sight.output = format!("{}; {}", found.problems.join("; "), sight.output);
        }
        sight
    }
}

/// One file.
struct Seen<'f> {
    path: &'f Path,
    /// Seconds since it was written; none in the future.
    age: f64,
    bytes: f64,
}

impl<'f> Seen<'f> {
    #[allow(clippy::cast_precision_loss, reason = "nobody judges the last digit of 2^53 bytes")]
    fn of((path, metadata): &'f (std::path::PathBuf, std::fs::Metadata), now: Timestamp) -> Option<Self> {
        let written = Timestamp::try_from(metadata.modified().ok()?).ok()?;
        let age = now.duration_since(written).as_secs_f64().max(0.0).round();
        Some(Self { path, age, bytes: metadata.len() as f64 })
    }
}

#[allow(clippy::cast_precision_loss, reason = "there are fewer files than that")]
fn tell(all: &[Seen<'_>], newest: &Seen<'_>) -> Sight {
    let sizes = || all.iter().map(|seen| seen.bytes);
    let oldest = all.iter().map(|seen| seen.age).fold(newest.age, f64::max);
    let files = if all.len() == 1 { "1 file".to_owned() } else { format!("{} files", all.len()) };
    let path = os::encode_path(newest.path);
    #[allow(clippy::cast_possible_truncation, reason = "it saturates, and no file is that old")]
    let age = jiff::SignedDuration::from_secs(newest.age as i64);
    Sight::ok(format!("{files}, the newest {path}, {age:#} old"))
        .with("newest_age", newest.age, "s")
        .with("oldest_age", oldest, "s")
        .with("count", all.len() as f64, "{file}")
        .with("total", sizes().sum(), "By")
        .with("largest", sizes().fold(0.0, f64::max), "By")
        .with("smallest", sizes().fold(f64::INFINITY, f64::min), "By")
        .with("newest_size", newest.bytes, "By")
}

#[cfg(test)]
mod tests;
