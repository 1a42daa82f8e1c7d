//! Which reports are due now, and what becomes of those that cannot be made.
//!
//! A kind that fails waits and lets the others go: a system report that finds no room must not silence the heartbeats. Making one
//! costs the host something, so it waits longer each time; why it fails is said as long as it does.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::report::{Body, Kind, Notice, NoticeEvent};

use super::{Agent, StepError, later};
use crate::activation::permission::{self, Permission};
use crate::schedule::{self, Due};

/// After so many failures the wait grows no more (to between four and eight minutes of an hour): whoever made room on a full disk
/// does not wait long.
const MOST_FAILURES: u32 = 5;
/// Longer than any kind waits.
const LONGEST: SignedDuration = SignedDuration::from_mins(30);

/// The kinds that are due and could not be made. Lost with the process, and then simply tried again.
#[derive(Debug, Default)]
pub(super) struct Stalled(BTreeMap<Due, Stall>);

#[derive(Debug)]
struct Stall {
    failures: u32,
    until: Timestamp,
    why: String,
}

impl Stalled {
    /// Something changed: no kind waits any more.
    pub(super) fn end(&mut self) {
        self.0.clear();
    }

    /// After the clock went back, what would wait too long does not wait.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.0.retain(|_, stall| stall.until <= later(now, LONGEST));
    }

    /// When a kind that is due at `at` may be made.
    fn ready(&self, due: Due, at: Timestamp) -> Timestamp {
        self.0.get(&due).map_or(at, |stall| stall.until.max(at))
    }
}

impl Agent {
    /// Composes everything due; the time the next will be.
    pub(super) fn compose_due(&mut self, now: Timestamp) -> Result<Timestamp, StepError> {
        let Some(permission) = self.permission(now) else { return Ok(Timestamp::MAX) };
        if matches!(
            permission,
            Permission::Ended { .. } | Permission::NotYetValid { .. } | Permission::ClockNotSet { .. }
        ) {
            self.trouble.extend(permission.reason().filter(|_| !self.is_withdrawn()));
            return Ok(Timestamp::MAX);
        }
        let mut next = now;
        // Each composed report changes the plan; there are never more than five kinds.
        for _ in 0..5 {
            let mut plan = self.plan(now);
            plan.retain(|(_, due)| permission.allows(due.kind()));
            self.stalled.0.retain(|kind, _| plan.iter().any(|(at, due)| due == kind && *at <= now));
            let ready: Vec<_> = plan.iter().map(|(at, due)| (self.stalled.ready(*due, *at), *due)).collect();
            let Some((_, due)) = ready.iter().find(|(at, _)| *at <= now) else {
                next = ready.iter().map(|(at, _)| *at).min().unwrap_or(Timestamp::MAX);
                break;
            };
            if let Err(error) = self.compose_one(*due, now) {
                self.stall(*due, error.to_string(), now);
            }
        }
        let lasting: Vec<String> = self.stalled.0.values().map(|stall| stall.why.clone()).collect();
        for why in lasting {
            self.say_once(why);
        }
        Ok(next)
    }

    /// Lets a kind wait that could not be made.
    fn stall(&mut self, due: Due, why: String, now: Timestamp) {
        let failures = self.stalled.0.get(&due).map_or(0, |stall| stall.failures) + 1;
        let wait = SignedDuration::try_from(self.delay(failures.min(MOST_FAILURES))).unwrap_or(LONGEST);
        self.say_once(why.clone());
        self.stalled.0.insert(due, Stall { failures, until: later(now, wait), why });
    }

    fn say_once(&mut self, why: String) {
        if !self.trouble.contains(&why) {
            self.trouble.push(why);
        }
    }

    fn is_withdrawn(&self) -> bool {
        self.standing.as_ref().is_some_and(|standing| standing.activation.consent.withdrawn_at.is_some())
    }

    fn plan(&self, now: Timestamp) -> Vec<(Timestamp, Due)> {
        let Some(standing) = &self.standing else { return vec![] };
        let enrolled = self.state.enrolled == Some(standing.identity.incarnation);
        let (system, contract) = (standing.identity.system, &standing.activation.contract);
        schedule::plan(&self.state, enrolled, system, contract, self.promise(standing), now)
    }

    fn compose_one(&mut self, due: Due, now: Timestamp) -> Result<u64, StepError> {
        match due {
            Due::Heartbeat => self.compose(Kind::Heartbeat, None, now),
            Due::System => self.compose(Kind::System, None, now),
            Due::Enrollment => self.compose(Kind::Enrollment, None, now),
            Due::MaintenanceEnd => {
                let notice =
                    Notice { event: NoticeEvent::MaintenanceEnded, until: None, reason: String::new() };
                self.compose(Kind::Notice, Some(Body::Notice { notice }), now)
            }
            Due::ContractEnd => {
                let contract = self.standing.as_ref().map(|standing| &standing.activation.contract);
                let until = contract.and_then(permission::end);
                let notice = Notice { event: NoticeEvent::ContractEnd, until, reason: String::new() };
                self.compose(Kind::Notice, Some(Body::Notice { notice }), now)
            }
        }
    }
}

impl Due {
    fn kind(self) -> Kind {
        match self {
            Self::Enrollment => Kind::Enrollment,
            Self::System => Kind::System,
            Self::ContractEnd | Self::MaintenanceEnd => Kind::Notice,
            Self::Heartbeat => Kind::Heartbeat,
        }
    }
}
