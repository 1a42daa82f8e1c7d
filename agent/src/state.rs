//! What the agent must remember from one report to the next, and what a report makes of it. `files` keeps it on disk.
//!
//! Pure: what a report says of itself is believed, because this agent made it, and a clock that went back is corrected by
//! [`State::rebase`]. Nothing here fails.

mod failures;
mod files;
mod maintenance;
pub mod pace;
mod ranges;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::{ContractNumber, Digest, Incarnation};
use mailbeat_shared::wire::report::{Body, NoticeEvent, Report};
use mailbeat_shared::wire::snapshot::FileState;
use serde::{Deserialize, Serialize};

pub use failures::{Failed, Failures};
pub use files::{Newest, Said, load_said, save_said};
pub use maintenance::Window;
pub use ranges::Ranges;

use crate::check::Tracks;
use crate::item;
use crate::mute::Streaks;

/// So many system reports say only what changed; then one is full again. With one a day that is a full one a week: a report that
/// was lost without the agent's knowledge leaves the receiver without the files for a week at most, for the price of one longer
/// mail.
const CHANGES_ONLY: u32 = 6;
/// And one is full after this time, however few there were. Half a day short of a week, because reports keep to slots and a week
/// measured from one to the next may be some seconds short.
const FULL_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24 - 12);

/// What the agent remembers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The last sequence used; 0 before the first report.
    pub sequence: u64,
    /// Digest of the report with that sequence.
    pub previous: Option<Digest>,
    /// The contract's revision that the last report was made under.
    pub under_revision: Option<u32>,
    /// When the last heartbeat was made.
    pub last_heartbeat: Option<Timestamp>,
    /// When the last system report was made.
    pub last_system: Option<Timestamp>,
    /// The last system report; `None` makes the next one full.
    pub baseline: Option<Baseline>,
    /// When the last full system report was made.
    pub last_full: Option<Timestamp>,
    /// How many were made since that say only what changed.
    pub since_full: u32,
    /// Which files changed in the last system reports, and which are muted for it.
    pub streaks: Streaks,
    /// The incarnation whose enrollment was made.
    pub enrolled: Option<Incarnation>,
    /// The contract revision whose end was announced, until a heartbeat followed.
    pub end_said: Option<u32>,
    /// Of which contract that is a revision; `None` where an older agent wrote it down.
    pub end_said_of: Option<ContractNumber>,
    /// Heartbeats not sent because a newer one said more.
    pub superseded: Ranges,
    /// Reports refused for good or dropped.
    pub lost: Ranges,
    /// The latest time written down; a clock behind it is not believed at once.
    pub last_seen: Option<Timestamp>,
    /// The last report a mail server accepted.
    pub last_accepted: Option<Accepted>,
    /// The last attempt that failed, until one succeeds.
    pub last_failure: Option<Failed>,
    /// The last few ways in which sending failed, also after it succeeded.
    pub failures: Failures,
    /// Announced maintenance.
    pub maintenance: Option<Window>,
    /// How far ahead of an even pace the mails are that left ([`pace`]).
    pub pace: Option<Timestamp>,
    /// What the last heartbeat could not do, one sentence each.
    pub problems: Vec<String>,
    /// What the last system report could not do; heartbeats repeat it.
    pub watch_problems: Vec<String>,
    /// How many files the last system report named.
    pub watched: Option<Watched>,
    /// What is remembered of checks.
    pub checks: Tracks,
}

/// How many files a system report named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// All of them.
    pub files: u32,
    /// Those the agent may not read.
    pub unreadable: u32,
}

/// The system report that the next one's changes start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Its digest.
    pub digest: Digest,
    /// Its sequence; its files are in `snapshot.SEQUENCE`.
    pub sequence: u64,
}

/// A report a mail server took over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Its sequence.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// By which route.
    pub route: String,
    /// The server's words.
    pub reply: String,
    /// Why no route before this one in the configuration took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

impl State {
    /// The state after `report` with this digest was made.
    #[must_use]
    pub fn after(&self, report: &Report, digest: Digest) -> Self {
        let mut state = self.clone();
        let now = report.created_at;
        state.sequence = report.sequence;
        state.previous = Some(digest);
        state.last_seen = Some(now);
        state.under_revision = Some(report.contract_revision);
        match &report.body {
            Body::Heartbeat { heartbeat } => {
                state.last_heartbeat = Some(now);
                state.problems = lasting(&heartbeat.problems);
                state.checks.carried_by(report.sequence);
                // It was not the end after all.
                (state.end_said, state.end_said_of) = (None, None);
            }
            Body::System { system_report } => {
                state.last_system = Some(now);
                if system_report.baseline.is_none() {
                    (state.last_full, state.since_full) = (Some(now), 0);
                } else {
                    state.since_full = state.since_full.saturating_add(1);
                }
                state.watch_problems = lasting(&system_report.truncated);
                let files = &system_report.files;
                let unreadable = files.iter().filter(|file| file.state == FileState::Unreadable).count();
                let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                state.watched = Some(Watched { files: count(files.len()), unreadable: count(unreadable) });
                state.baseline = Some(Baseline { digest, sequence: report.sequence });
            }
            Body::Enrollment { .. } => {
                state.enrolled = Some(report.incarnation);
                // A new life begins with everything said anew, and its heartbeats in their slots.
                (state.last_system, state.baseline) = (None, None);
                (state.end_said, state.end_said_of) = (None, None);
                state.last_heartbeat = Some(now);
            }
            Body::Notice { notice } => match notice.event {
                NoticeEvent::MaintenanceStarted => state.maintenance = Window::announced(notice, now),
                NoticeEvent::MaintenanceEnded => state.maintenance = None,
                // Who comes back says so at once.
                NoticeEvent::Shutdown => state.last_heartbeat = None,
                NoticeEvent::ContractEnd | NoticeEvent::Deactivated => {}
            },
            Body::Test { .. } => {}
        }
        state
    }

    /// Whether the next system report repeats everything, although the last one is known.
    #[must_use]
    pub fn full_is_due(&self, now: Timestamp) -> bool {
        let long_ago = |at: Timestamp| now.duration_since(at) >= FULL_AFTER;
        self.since_full >= CHANGES_ONLY || self.last_full.is_none_or(long_ago)
    }

    /// After the clock went back: what was said in its future counts as said now, or nothing would be due until then.
    pub fn rebase(&mut self, now: Timestamp) {
        let times = [&mut self.last_heartbeat, &mut self.last_system, &mut self.last_full];
        for time in times.into_iter().flatten() {
            *time = (*time).min(now);
        }
        self.maintenance = self.maintenance.take().map(|window| window.rebased(now));
        self.checks.rebase(now);
    }

    /// Notes that the end of this contract was announced.
    #[must_use]
    pub fn having_said_the_end(mut self, event: NoticeEvent, contract: &Contract) -> Self {
        if event == NoticeEvent::ContractEnd {
            (self.end_said, self.end_said_of) = (Some(contract.revision), Some(contract.number.clone()));
        }
        self
    }

    /// Whether the end of this contract in this revision was announced.
    #[must_use]
    pub fn has_said_the_end_of(&self, contract: &Contract) -> bool {
        let same = self.end_said_of.as_ref().is_none_or(|number| *number == contract.number);
        same && self.end_said == Some(contract.revision)
    }
}

/// The problems that are repeated later; what is withheld is looked at anew each time.
fn lasting(problems: &[String]) -> Vec<String> {
    problems.iter().filter(|problem| !item::is_withheld_sentence(problem)).cloned().collect()
}

#[cfg(test)]
mod tests;
