//! Who the agent is and what it may do now: read from the identity and activation files, and again when they change.

use std::path::PathBuf;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::oauth::CONSENTED;
use mailbeat_shared::wire::report::Promise;

use super::{Agent, StepError, later};
use crate::activation::permission::{self, Permission};
use crate::activation::{self, Activation};
use crate::home::Home;
use crate::identity::Identity;
use crate::item;
use crate::route::Route;
use crate::state::pace::Pace;

/// How long a clock that went back is doubted before it is believed.
const DOUBT: SignedDuration = SignedDuration::from_mins(15);
/// How long after the consent was withdrawn the spool may still be emptied.
const DRAIN: SignedDuration = SignedDuration::from_hours(24);

/// Who the agent is and what it may do, as its files say.
pub(super) struct Standing {
    pub(super) identity: Identity,
    pub(super) activation: Activation,
    pub(super) routes: Vec<Route>,
    pub(super) route_problems: Vec<String>,
}

impl Standing {
    /// The route of this name.
    pub(super) fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == name)
    }
}

impl Agent {
    /// Whether the identity or activation files changed since the last step: then one is due.
    #[must_use]
    pub fn is_out_of_date(&self) -> bool {
        self.stamp.as_ref() != Some(&stamp(&self.home))
    }

    pub(super) fn reload(&mut self) -> Result<(), StepError> {
        let home = &self.home;
        let stamp = stamp(home);
        if self.stamp.as_ref() == Some(&stamp) {
            return Ok(());
        }
        self.standing = None;
        if let Some(identity) = Identity::load(home)?
            && let Some(activation) = activation::load(home, &identity)?
        {
            let (routes, route_problems) = self.config.routes(Some(&activation.contract));
            let withheld = self.withheld(&activation);
            let wishes = self.config.wish().clamped(&activation.contract);
            for problem in route_problems.iter().chain(&wishes).chain(&withheld) {
                tracing::warn!("{problem}");
            }
            self.standing = Some(Standing { identity, activation, routes, route_problems });
        }
        self.stamp = Some(stamp);
        // A new contract, or somebody who signed in: what failed for want of it need not wait.
        self.tries.retry_now();
        self.rests.end();
        self.stalled.end();
        Ok(())
    }

    /// What may be said now. `None`: there is no contract, or its consent was withdrawn.
    pub(super) fn permission(&mut self, now: Timestamp) -> Option<Permission> {
        let standing = self.standing.as_ref()?;
        let consent = &standing.activation.consent;
        if let Some(withdrawn) = consent.withdrawn_at {
            return Some(Permission::Ended { drain_until: later(withdrawn, DRAIN) });
        }
        let contract = &standing.activation.contract;
        let judge = |last_seen| permission::permission(contract, now, self.build_time, last_seen);
        let (judged, without_memory) = (judge(self.state.last_seen), judge(None));
        let doubted = judged != without_memory;
        if !doubted {
            self.doubted_since = None;
            return Some(judged);
        }
        // It went back. Perhaps it is being set; perhaps it was wrong before. After a while it is believed.
        let since = self.doubted_since.map_or(now, |since| since.min(now));
        self.doubted_since = Some(since);
        if now.duration_since(since) < DOUBT {
            return Some(judged);
        }
        let note = format!("the clock went back from {:?} to {now}", self.state.last_seen.unwrap_or(now));
        tracing::warn!("{note}");
        self.notes.push(note);
        self.state.last_seen = Some(now);
        self.doubted_since = None;
        Some(without_memory)
    }

    /// The sentence about items that nobody agreed to yet.
    pub(super) fn withheld(&self, activation: &Activation) -> Option<String> {
        item::withheld_sentence(&item::withheld(&self.config, &activation.consent.consented))
    }

    /// How fast mails may leave.
    pub(super) fn pace(&self, standing: &Standing) -> Pace {
        Pace::new(self.config.mails_per_hour, self.promise(standing))
    }

    /// How many mails one report makes at most: a copy for each of the customer's people, and one by each route where no server says
    /// that it took it.
    pub(super) fn mails_at_a_time(&self, standing: &Standing) -> usize {
        let cc = &self.config.cc;
        let people = [&cc.heartbeat, &cc.system, &cc.enrollment, &cc.notice, &cc.test].map(Vec::len);
        standing.routes.len() + people.into_iter().max().unwrap_or_default()
    }

    pub(super) fn promise(&self, standing: &Standing) -> Promise {
        self.config.wish().promise(&standing.activation.contract)
    }
}

/// Time and size of each file that says who the agent is and what it may do.
pub(super) type Stamp = Vec<Option<(SystemTime, u64)>>;

fn stamp(home: &Home) -> Stamp {
    let signed_in = home.tokens().join(CONSENTED);
    let files = [
        home.identity(),
        home.contract(),
        home.enrollment(),
        home.activation(),
        home.deactivated(),
        signed_in,
    ];
    let looks = |path: &PathBuf| {
        let metadata = path.metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    files.iter().map(looks).collect()
}
