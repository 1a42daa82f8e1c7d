//! The agent's memory on disk: `state.SEQUENCE`, and in `snapshot.SEQUENCE` what the system report of that sequence said.
//!
//! A state is written before the report of its sequence is queued: a crash in between leaves a state nobody saw a report of, and
//! the start passes over it. A state that cannot be read is set aside as `*.corrupt` and the next older one is brought up to date
//! from the newest report; the next system report is full then.

use std::fs;
use std::io;

use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::inventory::PackageList;
use mailbeat_shared::wire::snapshot::Snapshot;
use serde::{Deserialize, Serialize};

use super::{Baseline, State};
use crate::home::{Home, set_aside};

/// The newest report that exists on disk: what the state must not be behind of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its sequence.
    pub sequence: u64,
    /// Its digest, where its bytes can still be read.
    pub digest: Option<Digest>,
}

impl State {
    /// Writes the state of this sequence.
    ///
    /// # Errors
    /// What the file system said.
    pub fn save(&self, home: &Home) -> io::Result<()> {
        let json = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        durable::replace(&home.state(self.sequence), &json, Access::Private)
    }

    /// The state to go on with, given the newest report on disk. The second value says what went wrong, for the log.
    ///
    /// # Errors
    /// What the file system said about the directory; an unreadable state file is no error but set aside.
    pub fn recover(home: &Home, newest: Option<Newest>) -> io::Result<(Self, Vec<String>)> {
        let (mut state, notes) = Self::newest_readable(home, of_reports_made(home, newest)?);
        if let Some(newest) = newest.filter(|newest| newest.sequence > state.sequence) {
            state.sequence = newest.sequence;
            state.previous = newest.digest;
            state.baseline = None;
        }
        Ok((state, notes))
    }

    /// The newest of these that can be read; those that cannot are set aside, and said.
    fn newest_readable(home: &Home, sequences: Vec<u64>) -> (Self, Vec<String>) {
        let mut notes = Vec::new();
        for sequence in sequences.into_iter().rev() {
            match Self::load(home, sequence) {
                Ok(state) => return (state, notes),
                Err(error) => {
                    notes.push(format!(
                        "state.{sequence} cannot be used ({error}); it was set aside as state.{sequence}.corrupt, and the next system report is full"
                    ));
                    set_aside(&home.state(sequence));
                }
            }
        }
        (Self::default(), notes)
    }

    /// The newest state there is, without changing anything: for commands that only read.
    #[must_use]
    pub fn peek(home: &Home) -> Self {
        let sequences = home.numbered("state").unwrap_or_default();
        sequences.into_iter().rev().find_map(|sequence| Self::load(home, sequence).ok()).unwrap_or_default()
    }

    fn load(home: &Home, sequence: u64) -> io::Result<Self> {
        let state: Self = serde_json::from_slice(&fs::read(home.state(sequence))?)?;
        if state.sequence == sequence {
            Ok(state)
        } else {
            Err(io::Error::other(format!("it says it is of sequence {}", state.sequence)))
        }
    }

    /// Removes what two newer states make superfluous. Failing to is untidy and no more.
    pub fn tidy(&self, home: &Home, before: &Self) {
        let kept = [self, before].map(|state| state.baseline.as_ref().map(|baseline| baseline.sequence));
        let old = |prefix: &str, keep: &dyn Fn(u64) -> bool| {
            home.numbered(prefix).unwrap_or_default().into_iter().filter(|n| !keep(*n)).collect::<Vec<_>>()
        };
        for sequence in old("state", &|n| n >= before.sequence) {
            let _ = fs::remove_file(home.state(sequence));
        }
        for sequence in old("snapshot", &|n| n > self.sequence || kept.contains(&Some(n))) {
            let _ = fs::remove_file(home.snapshot(sequence));
        }
    }
}

/// The states whose report came to be, ascending; the others are removed.
fn of_reports_made(home: &Home, newest: Option<Newest>) -> io::Result<Vec<u64>> {
    let mut sequences = home.numbered("state")?;
    if let Some(newest) = newest {
        // Written, but its report never came to be: the crash was before the commit point A1.
        for sequence in sequences.extract_if(.., |sequence| *sequence > newest.sequence) {
            fs::remove_file(home.state(sequence))?;
        }
    } else if let [only] = sequences[..] {
        // Nothing spooled or trailed at all. One lone state is of a first report that never came to be; with two, somebody
        // emptied the trail, and numbers already used must not be used again.
        fs::remove_file(home.state(only))?;
        sequences.clear();
    }
    Ok(sequences)
}

/// What a system report said of the host: the next one's changes start from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The watched files.
    pub files: Snapshot,
    /// The installed packages; `None` where none were told yet.
    #[serde(default)]
    pub packages: Option<PackageList>,
}

/// Writes what a system report says, in `snapshot.SEQUENCE`.
///
/// # Errors
/// What the file system said.
pub fn save_said(home: &Home, sequence: u64, said: &Said) -> io::Result<()> {
    let json = serde_json::to_vec(said).map_err(io::Error::other)?;
    durable::replace(&home.snapshot(sequence), &json, Access::Private)
}

/// Reads it back.
///
/// # Errors
/// What the file system said, or that it is not what was written; the next system report must be full then.
pub fn load_said(home: &Home, baseline: &Baseline) -> io::Result<Said> {
    Ok(serde_json::from_slice(&fs::read(home.snapshot(baseline.sequence))?)?)
}
