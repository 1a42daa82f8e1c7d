//! What the agent learns from its host: the one door between the collecting rooms and the rest.
//!
//! Whatever is behind it may fail or panic; that costs its own items and becomes a sentence in the report.

mod this_host;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    catch_unwind(AssertUnwindSafe(sense)).unwrap_or_else(|_| {
        tracing::error!("{what}: stopped by a fault in the program");
        Found {
            value: T::default(),
            problems: vec![format!("{what}: stopped by a fault in the program; please report it")],
        }
    })
}
