//! What the agent learns from its host: the one door between the collecting rooms and the rest.
//!
//! Whatever is behind it may fail or panic; that costs its own items and becomes a sentence in the report.

mod this_host;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use mailbeat_shared::wire::observation::Observation;
use mailbeat_shared::wire::snapshot::Snapshot;
pub use this_host::ThisHost;

use crate::check::runner::{Ended, Run};
use crate::redact::pseudonym::Names;

pub use crate::collect::inventory::{Installed, Inventory};

/// Facts about the host that every report names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The host's name.
    pub name: String,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Names one run of the host.
    pub boot_id: String,
    /// Names the machine; `None` where it cannot be known.
    pub machine_id: Option<String>,
    /// The names it knows, where pseudonyms are wanted: to be hidden, never sent.
    pub names: Names,
}

/// The watched files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    /// Every watched file, redacted.
    pub snapshot: Snapshot,
    /// Paths of those whose changed text travels whole.
    pub whole: BTreeSet<String>,
    /// The list itself was cut: what is not in it may be there all the same and must not be called removed.
    pub cut: bool,
    /// Places that could not be looked into, as they are written in the snapshot: what is below them may be there all the same.
    pub unseen: BTreeSet<String>,
}

impl Files {
    /// Nothing could be looked at, which is something else than that nothing is there.
    #[must_use]
    pub fn nothing_seen() -> Self {
        Self { cut: true, ..Self::default() }
    }

    /// Whether this file may be there although it is not in the snapshot.
    #[must_use]
    pub fn may_miss(&self, path: &str) -> bool {
        let is_unseen = |place: &Path| place.to_str().is_some_and(|place| self.unseen.contains(place));
        self.cut || Path::new(path).ancestors().any(is_unseen)
    }
}

/// What was found, and what could not be, one sentence each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found<T> {
    /// What was found.
    pub value: T,
    /// What could not be.
    pub problems: Vec<String>,
}

/// The host as the agent sees it: the operating system in the program, a script in a simulation.
pub trait Senses {
    /// Facts about the host.
    fn host(&mut self) -> HostFacts;
    /// The numbers of a heartbeat, of the kinds agreed to.
    fn observe(&mut self, consented: &[String]) -> Found<Vec<Observation>>;
    /// The watched files after redaction, digests keyed with `key`; none if not agreed to.
    fn watch(&mut self, consented: &[String], key: &[u8; 32]) -> Found<Files>;
    /// What the host is, of the kinds agreed to.
    fn inventory(&mut self, consented: &[String]) -> Found<Inventory>;
    /// Begins a run of a check, beside everything else.
    fn begin_check(&mut self, run: Run);
    /// The runs that came to their end, however they did, redacted with `key`. Waits at most so long for the first.
    fn ended_checks(&mut self, key: &[u8; 32], wait: Duration) -> Vec<Ended>;
}

/// Calls into the collecting rooms; a panic becomes a problem.
pub(crate) fn guarded<T: Default>(what: &str, sense: impl FnOnce() -> Found<T>) -> Found<T> {
    guarded_or(what, T::default(), sense)
}

/// The same where nothing learned is something else than nothing found.
pub(crate) fn guarded_or<T>(what: &str, nothing: T, sense: impl FnOnce() -> Found<T>) -> Found<T> {
    catch_unwind(AssertUnwindSafe(sense)).unwrap_or_else(|_| {
        tracing::error!("{what}: stopped by a fault in the program");
        let problem = format!("{what}: stopped by a fault in the program; please report it");
        Found { value: nothing, problems: vec![problem] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_place_nobody_could_look_into_a_file_may_be_missed_and_beside_it_none() {
        let files = Files { unseen: ["/etc/app".to_owned()].into(), ..Files::default() };
        for path in ["/etc/app", "/etc/app/a.conf", "/etc/app/d/e/b.conf"] {
            assert!(files.may_miss(path), "{path}");
        }
        for path in ["/etc/apple.conf", "/etc/other/app/a.conf", "/etc"] {
            assert!(!files.may_miss(path), "{path}");
        }
        assert!(Files::nothing_seen().may_miss("/etc/a.conf") && !Files::default().may_miss("/etc/a.conf"));
        let root = Files { unseen: ["/".to_owned()].into(), ..Files::default() };
        assert!(root.may_miss("/etc/a.conf"));
    }
}
